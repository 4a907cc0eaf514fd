import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const roles = ['engines', 'commands', 'projections', 'read-api', 'realtime', 'timers', 'console', 'simulator'] as const;
export type Role = (typeof roles)[number];

const Port = z.coerce
  .number('a port, 0 to 65535')
  .int('a port, 0 to 65535')
  .min(0, 'a port, 0 to 65535')
  .max(65_535, 'a port, 0 to 65535');
const storeUrl = (scheme: RegExp, example: string) =>
  z.string().refine((url) => url === 'embedded' || scheme.test(url), `"embedded" or ${example}`);

const Roles = z
  .string()
  .transform((text) => (text === 'all' ? [...roles] : text.split(',').map((role) => role.trim())))
  .pipe(z.array(z.enum(roles, { error: ({ input }) => `"${input}": roles are ${roles.join(', ')}, or all` })));

/** Every variable the program reads: its shape, its default and what it means. */
export const variables = {
  EVENTSTORE_URL: storeUrl(/^(esdb|kurrentdb)(\+discover)?:\/\//, 'esdb://host:2113?tls=false')
    .default('embedded')
    .describe('the event store: "embedded", or the address of EventStoreDB/KurrentDB'),
  MONGODB_URL: storeUrl(/^mongodb(\+srv)?:\/\//, 'mongodb://host:27017')
    .default('embedded')
    .describe('the document store: "embedded", or the address of a MongoDB replica set'),
  DATA_DIR: z
    .string()
    .min(1)
    .default('./data')
    .describe('where the embedded stores and the simulator keep their files'),
  HTTP_HOST: z.string().default('127.0.0.1').describe('where commands, reads, webhooks and console listen'),
  HTTP_PORT: Port.default(8080).describe('their port; 0 takes a free one'),
  REALTIME_PORT: Port.default(8081).describe('the WebSocket port; 0 takes a free one'),
  ROLES: Roles.default([...roles]).describe(`which parts this process runs: all, or some of ${roles.join(', ')}`),
  EVENTSTORE_PORT: Port.optional().describe('a TCP port of the embedded event store, for other tools'),
  MONGODB_PORT: Port.optional().describe('a TCP port of the embedded document store, for other tools'),
  AUTH_SECRET: z.string().optional().describe('verifies HS256 tokens, best of 32 characters or more; made if unset'),
  AUTH_JWKS_URL: z.url().optional().describe('verifies tokens by the keys at this address instead'),
  WHATSAPP_API_URL: z
    .url()
    .optional()
    .describe("Meta's Graph API, or where the simulator listens (port 0: a free one)"),
  WHATSAPP_ACCESS_TOKEN: z.string().optional().describe('unset: the simulator plays WhatsApp, with a demo store'),
  WHATSAPP_APP_SECRET: z.string().optional().describe('signs the webhooks'),
  WHATSAPP_VERIFY_TOKEN: z.string().optional().describe('the webhook handshake'),
  DEMO: z
    .enum(['on', 'off'])
    .default('on')
    .describe('with the simulator: set up the demo store and let customers call'),
  RATE_LIMIT: z.coerce.number().int().positive().default(6_000).describe('requests a minute and token'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info').describe('logging'),
};

const Variables = z.object(variables);

export type Config = z.output<typeof Variables> & {
  readonly dataDir: string;
  readonly whatsapp: {
    readonly apiUrl: string;
    readonly accessToken: string;
    readonly appSecret: string;
    readonly verifyToken: string;
  };
  /** No token is configured: the simulator stands for WhatsApp. */
  readonly simulated: boolean;
  readonly auth: { readonly secret: string } | { readonly jwksUrl: string };
};

/** A fault in the configuration, told in one sentence per variable. */
export class ConfigFault extends Error {
  override readonly name = 'ConfigFault';
}

/** Reads and checks the environment; makes what may be made (the token secret) and keeps it in `DATA_DIR`. */
export const readConfig = (env: NodeJS.ProcessEnv): Config => {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Variables.safeParse(set);
  if (!parsed.success)
    throw new ConfigFault(parsed.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`).join('\n'));
  const vars = parsed.data;
  const dataDir = resolve(vars.DATA_DIR);
  return {
    ...vars,
    dataDir,
    simulated: vars.WHATSAPP_ACCESS_TOKEN === undefined,
    whatsapp: whatsappOf(vars),
    auth: vars.AUTH_JWKS_URL ? { jwksUrl: vars.AUTH_JWKS_URL } : { secret: vars.AUTH_SECRET ?? keptSecret(dataDir) },
  };
};

const whatsappOf = (vars: z.output<typeof Variables>): Config['whatsapp'] => {
  const {
    WHATSAPP_ACCESS_TOKEN: accessToken,
    WHATSAPP_APP_SECRET: appSecret,
    WHATSAPP_VERIFY_TOKEN: verifyToken,
  } = vars;
  if (accessToken === undefined)
    return {
      apiUrl: vars.WHATSAPP_API_URL ?? 'http://127.0.0.1:8082',
      accessToken: 'simulator-token',
      appSecret: appSecret ?? 'simulator-secret',
      verifyToken: verifyToken ?? 'simulator-verify',
    };
  if (!appSecret || !verifyToken)
    throw new ConfigFault(
      'WHATSAPP_ACCESS_TOKEN is set, so WHATSAPP_APP_SECRET and WHATSAPP_VERIFY_TOKEN are needed too',
    );
  return { apiUrl: vars.WHATSAPP_API_URL ?? 'https://graph.facebook.com/v24.0', accessToken, appSecret, verifyToken };
};

/** The secret made at the first start; every process on the same `DATA_DIR` shares it, also when they start at once. */
const keptSecret = (dataDir: string): string => {
  const file = join(dataDir, 'auth-secret');
  mkdirSync(dataDir, { recursive: true });
  if (!existsSync(file)) writeOnce(file, randomBytes(32).toString('hex'));
  return readFileSync(file, 'utf8').trim();
};

/** Written whole or not at all; the first who writes wins. */
const writeOnce = (file: string, text: string) => {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(draft);
  }
};
