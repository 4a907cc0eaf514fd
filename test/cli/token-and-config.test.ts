import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { variables } from '../../config.ts';
import { tokenVerifier } from '../../http/caller.ts';
import { cli } from './cli.ts';

const secret = 'a secret of the tests, long enough for HS256';
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ringbook-cli-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const run = (args: string[], env: Record<string, string> = {}) => cli(args, { DATA_DIR: dir, ...env });

test('prints a token that the server accepts, for whom it was asked', async () => {
  const args = ['token', '--role', 'auditor', '--agent', 'ravi', '--store', 'acme', '--ttl', '5m'];
  const { code, out } = await run(args, { AUTH_SECRET: secret });
  expect(code).toBe(0);
  const caller = await tokenVerifier({ secret })(out.trim());
  expect(caller).toMatchObject({ sub: 'ravi', store: 'acme', role: 'auditor' });
  expect(caller.exp! - Date.now() / 1_000).toBeLessThanOrEqual(300);
});

test('prints one object when asked for JSON', async () => {
  const { out } = await run(['token', '--json'], { AUTH_SECRET: secret });
  expect(JSON.parse(out)).toMatchObject({ role: 'agent', agent: 'asha', store: 'demo', token: expect.any(String) });
});

test.each([
  [['token', '--role', 'king'], {}, /Allowed choices are agent/],
  [['token'], { AUTH_JWKS_URL: 'http://127.0.0.1/keys' }, /ask that issuer/],
  [['tokens'], {}, /unknown command 'tokens'[\s\S]*token/],
  [['config'], { HTTP_PORT: 'x' }, /^HTTP_PORT: /],
  [['backup'], {}, /missing required argument 'dir'/],
] as [string[], Record<string, string>, RegExp][])('fails and says why: %j %j', async (args, env, says) => {
  const { code, out, err } = await run(args, env);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(says);
  expect(err).not.toMatch(/ at .*\.ts:\d+/);
});

test('lists every variable with its value and its meaning, and shows no secret', async () => {
  const env = { AUTH_SECRET: secret, HTTP_PORT: '8123' };
  const [told, json] = await Promise.all([run(['config'], env), run(['config', '--json'], env)]);
  for (const name of Object.keys(variables)) expect(told.out).toContain(name);
  expect(told.out).toContain('8123');
  expect(told.out + json.out).not.toContain(secret);
  expect(JSON.parse(json.out)).toMatchObject({
    HTTP_PORT: { value: '8123', meaning: expect.any(String) },
    AUTH_SECRET: { value: '(set)' },
    MONGODB_PORT: { value: '(unset)' },
  });
});
