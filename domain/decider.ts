import type { z } from 'zod';
import type { Instant } from './time.ts';

type Shapes = Record<string, z.ZodRawShape>;
type Flat<T> = { [K in keyof T]: T[K] };

/** The events an object of shapes describes: `{ type, ...fields }`. */
export type EventOf<E extends Shapes> = {
  [K in keyof E & string]: Readonly<Flat<{ type: K } & z.output<z.ZodObject<E[K]>>>>;
}[keyof E & string];

/** A "no" from the domain: a value to show, not an exception to catch. */
export type Refusal = {
  /** Stable and dotted, e.g. `permission.request_limit_24h`. */
  readonly refused: string;
  /** Where waiting helps: the earliest instant at which the same command may succeed. */
  readonly retryAt?: Instant;
  /** What else helps the caller to decide what to do next. */
  readonly facts?: Readonly<Record<string, unknown>>;
};
export const refuse = (refused: string, more: Omit<Refusal, 'refused'> = {}): Refusal => ({ refused, ...more });
export const isRefusal = (value: object): value is Refusal => 'refused' in value;

type Handlers<S, M> = Record<string, (state: S, command: never) => readonly M[] | Refusal>;
type CommandOf<H> = {
  [K in keyof H & string]: H[K] extends (state: never, command: infer C) => unknown ? { readonly type: K } & C : never;
}[keyof H & string];

export type Decider<C, E, S> = {
  /** The category: streams are named `<category>-<id>`. */
  readonly category: string;
  readonly initial: S;
  readonly events: Shapes;
  decide(state: S, command: C): readonly E[] | Refusal;
  evolve(state: S, event: E): S;
};

type EventHandlers<E extends { readonly type: string }, S> = {
  [K in E['type']]: (state: S, event: Extract<E, { type: K }>) => S;
};

/** One handler per event type, as one function. */
export const evolving =
  <E extends { readonly type: string }, S>(onEvent: EventHandlers<E, S>) =>
  (state: S, event: E): S =>
    onEvent[event.type as E['type']](state, event as never);

/**
 * Shapes first, then one handler per command and one per event; a handler left out does not compile.
 * "Already so" is an empty list of events.
 */
export const decider = <E extends Shapes, S>(d: { category: string; events: E; initial: S }) => ({
  decide: <H extends Handlers<S, EventOf<E>>>(onCommand: H) => ({
    evolve: (onEvent: EventHandlers<EventOf<E>, S>): Decider<CommandOf<H>, EventOf<E>, S> => ({
      ...d,
      decide: (state, { type, ...command }) => onCommand[type]!(state, command as never),
      evolve: evolving(onEvent),
    }),
  }),
});

/** The state after these events. */
export const fold = <E, S>({ evolve }: { evolve(state: S, event: E): S }, from: S, events: Iterable<E>): S => {
  let state = from;
  for (const event of events) state = evolve(state, event);
  return state;
};

const inOrder = (_: string, value: unknown) =>
  value instanceof Object && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value;

/** Whether two pieces of plain data say the same, whatever the order of their fields. */
export const same = (a: unknown, b: unknown) => JSON.stringify(a, inOrder) === JSON.stringify(b, inOrder);
