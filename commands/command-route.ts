import type { z } from 'zod';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Caller } from '../http/caller.ts';
import { Problem } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';
import type { Context } from '../store/event-log.ts';
import { idempotent } from './idempotency.ts';
import { contextOf, type WriteSide } from './write-side.ts';

type Shape = z.ZodRawShape;
type Output<S extends Shape> = z.output<z.ZodObject<S>>;

/** What a command came to: facts for the answer, and where its last event stands (`null`: it was so already). */
export type Outcome = { readonly position: bigint | null };

export type CommandRequest<P, B> = {
  readonly caller: Caller;
  readonly params: P;
  readonly body: B;
  /** The fence of the page's call socket (`X-Socket-Fence`), if it says so. */
  readonly fence: number | null;
};

/** The answer's token: the last event's position, or the log's present head when nothing had to be written. */
const positionToken = async (w: WriteSide, position: bigint | null) => String(position ?? (await w.log.head()));

const keyShape = /^[\x20-\x7e]{1,255}$/;

const idempotencyKey = (header: string | undefined) => {
  if (header !== undefined && !keyShape.test(header))
    throw new Problem(422, 'request.invalid', 'Idempotency-Key takes 1 to 255 printable ASCII characters.');
  return header;
};

const fenceOf = (header: string | undefined) => {
  if (header === undefined) return null;
  if (!/^\d{1,15}$/.test(header))
    throw new Problem(422, 'request.invalid', 'X-Socket-Fence takes the number that "welcome" gave as fence.');
  return Number(header);
};

/** Declares routes that change something: who does it, its command id, its idempotency key and its position token. */
export const commandRouter = (w: WriteSide) => {
  const once = idempotent(w.db);
  return <P extends Shape, B extends z.ZodType>(r: {
    method: Route['method'];
    path: string;
    summary: string;
    roles: Route['roles'];
    params: P;
    body: B;
    status?: number;
    /** What of the outcome the answer tells besides `position`. */
    answers?: readonly string[];
    run: (request: CommandRequest<Output<P>, z.output<B>>, context: Context) => Promise<Outcome | Refusal>;
  }): Route =>
    route({
      ...r,
      handle: ({ caller, params, body, header, requestId }) => {
        const key = idempotencyKey(header('idempotency-key'));
        const fence = fenceOf(header('x-socket-fence'));
        return once({ caller, key, content: [r.method, r.path, params, body] }, async (commandId) => {
          const actor = { type: 'agent', id: caller.sub } as const;
          const context = contextOf({ store: caller.store, actor, commandId, correlationId: requestId });
          const outcome = await r.run({ caller, params, body, fence }, context);
          if (isRefusal(outcome)) return outcome;
          const told = Object.entries(outcome).filter(([fact]) => r.answers?.includes(fact));
          const position = await positionToken(w, outcome.position);
          return { status: r.status ?? 200, body: { ...Object.fromEntries(told), position } };
        });
      },
    });
};
