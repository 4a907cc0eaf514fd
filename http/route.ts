import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Role } from '../domain/agent.ts';
import type { Refusal } from '../domain/decider.ts';
import type { Caller } from './caller.ts';

type Output<S extends z.ZodRawShape> = z.output<z.ZodObject<S>>;

export type Answer = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Serialised as JSON; or a stream with its own content type in `headers`. */
  readonly body: object | Readable;
};

export type Request<P, Q, B> = {
  readonly caller: Caller;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Lower-case header names. */
  readonly header: (name: string) => string | undefined;
  readonly requestId: string;
  readonly signal: AbortSignal;
};

/** One entry of the public contract: what it takes, who may ask, what it does. OpenAPI is made from the same object. */
export type Route = {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Express form, e.g. `/v1/calls/:callId/accept`. */
  readonly path: string;
  readonly summary: string;
  readonly roles: readonly Role[];
  /** Of a success; 200 if not given. */
  readonly status?: number;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  readonly handle: (request: Request<never, never, never>) => Promise<Answer | Refusal>;
};

const none = {};

/** Declares a route; unknown fields and unknown query parameters are refused by name. */
export const route = <
  P extends z.ZodRawShape = typeof none,
  Q extends z.ZodRawShape = typeof none,
  B extends z.ZodType = z.ZodObject<typeof none>,
>(r: {
  method: Route['method'];
  path: string;
  summary: string;
  roles: readonly Role[];
  status?: number;
  params?: P;
  query?: Q;
  body?: B;
  handle: (request: Request<Output<P>, Output<Q>, z.output<B>>) => Promise<Answer | Refusal>;
}): Route => ({
  ...r,
  params: z.strictObject(r.params ?? none),
  query: z.strictObject(r.query ?? none),
  body: r.body ?? z.strictObject(none),
});

/** Everybody who works in the helpdesk. */
export const staff: readonly Role[] = ['agent', 'team_manager', 'admin'];
/** Staff, and those who only read. */
export const readers: readonly Role[] = [...staff, 'auditor', 'analyst'];
