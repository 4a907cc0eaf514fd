import { createRemoteJWKSet, errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { Role } from '../domain/agent.ts';
import { Problem } from './problem.ts';

/** Who asks: the claims of a verified token. `sub` is the agent's id. */
export const Caller = z.object({
  sub: z.string().min(1),
  store: z.string().regex(/^[\w-]{1,64}$/, 'letters, digits, hyphen and underscore'),
  role: Role,
  teams: z.array(z.string()).default([]),
  exp: z.number().optional(),
});
export type Caller = z.infer<typeof Caller>;

export type Verify = (token: string) => Promise<Caller>;

const invalid = (detail: string) =>
  new Problem(401, 'auth.invalid_token', detail, { headers: { 'WWW-Authenticate': 'Bearer' } });

/** Verifies tokens: HS256 with a shared secret, or the keys of a JWKS address. A bad one is a 401 problem. */
export const tokenVerifier = (source: { secret: string } | { jwksUrl: string }): Verify => {
  const check =
    'secret' in source
      ? (token: string) => jwtVerify(token, new TextEncoder().encode(source.secret), { algorithms: ['HS256'] })
      : (
          (keys) => (token: string) =>
            jwtVerify(token, keys)
        )(createRemoteJWKSet(new URL(source.jwksUrl)));
  return async (token) => {
    const { payload } = await check(token).catch((error: unknown) => {
      const expired = error instanceof errors.JWTExpired;
      throw invalid(expired ? 'The token has expired; ask for a new one.' : 'The token is not valid.');
    });
    const caller = Caller.safeParse(payload);
    if (!caller.success) throw invalid('The token needs the claims sub, store and role.');
    return caller.data;
  };
};

/** A token for local use and for tests. */
export const signToken = (secret: string, caller: Omit<Caller, 'teams' | 'exp'> & { teams?: string[] }, ttl = '12h') =>
  new SignJWT({ store: caller.store, role: caller.role, ...(caller.teams && { teams: caller.teams }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(caller.sub)
    .setIssuedAt()
    .setExpirationTime(ttl)
    .sign(new TextEncoder().encode(secret));
