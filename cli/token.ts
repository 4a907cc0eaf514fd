import { readConfig } from '../config.ts';
import type { Role } from '../domain/agent.ts';
import { signToken } from '../http/caller.ts';

type Options = { role: Role; agent: string; store: string; ttl: string; json?: boolean };

/** Prints a token signed with this installation's own secret. */
export const printToken = async ({ role, agent, store, ttl, json }: Options) => {
  const { auth } = readConfig(process.env);
  if (!('secret' in auth)) throw new Error('AUTH_JWKS_URL is set: ask that issuer for a token.');
  const token = await signToken(auth.secret, { sub: agent, store, role }, ttl);
  console.log(json ? JSON.stringify({ token, role, agent, store, ttl }) : token);
};
