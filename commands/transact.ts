import { LRUCache } from 'lru-cache';
import { type Decider, isRefusal, type Refusal } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/index.ts';
import { type Context, type EventLog, RevisionConflict } from '../store/event-log.ts';

export type Accepted<E, S> = {
  readonly events: readonly E[];
  /** The state after them. */
  readonly state: S;
  /** The log position of the last of them, or `null` when nothing had to be written. */
  readonly position: bigint | null;
};

type Loaded<S> = { readonly state: S; readonly revision: bigint | 'none' };

const attempts = 10;

/**
 * Load, decide, append. When another writer got there first, decide again on what they wrote.
 * States are remembered per stream, so that a long stream is read once; a remembered state may be old, so only an
 * append that the event store accepts, or a fresh read, ends the loop.
 */
export const transactions = (log: EventLog, { remembered = 20_000 } = {}) => {
  const states = new LRUCache<string, Loaded<unknown>>({ max: remembered });

  const load = async <C, E, S>(decider: Decider<C, E, S>, stream: string): Promise<Loaded<S>> => {
    const known = states.get(stream) as Loaded<S> | undefined;
    let { state, revision } = known ?? { state: decider.initial, revision: 'none' as const };
    for await (const recorded of log.read(stream, revision === 'none' ? 0n : revision + 1n)) {
      state = decider.evolve(state, recorded.event as E);
      revision = recorded.revision;
    }
    states.set(stream, { state, revision });
    return { state, revision };
  };

  const transact = async <C, E extends DomainEvent, S>(
    decider: Decider<C, E, S>,
    id: string,
    command: C,
    context: Context,
  ): Promise<Accepted<E, S> | Refusal> => {
    const stream = `${decider.category}-${id}`;
    let loaded = states.get(stream) as Loaded<S> | undefined;
    let fresh = loaded === undefined;
    for (let attempt = 1; ; attempt++) {
      loaded ??= await load(decider, stream);
      const decision = decider.decide(loaded.state, command);
      const settled = isRefusal(decision) || decision.length === 0;
      if (settled && fresh) return isRefusal(decision) ? decision : { events: [], state: loaded.state, position: null };
      if (!settled) {
        const { state, revision } = loaded;
        try {
          const written = await log.append(stream, decision, revision, context);
          const after = decision.reduce(decider.evolve, state);
          states.set(stream, { state: after, revision: written.revision });
          return { events: decision, state: after, position: written.position };
        } catch (error) {
          states.delete(stream);
          if (!(error instanceof RevisionConflict) || attempt === attempts) throw error;
        }
      }
      loaded = await load(decider, stream);
      fresh = true;
    }
  };

  /** The present state of a stream, without deciding anything. */
  const stateOf = async <C, E, S>(decider: Decider<C, E, S>, id: string): Promise<S> =>
    (await load(decider, `${decider.category}-${id}`)).state;

  return { transact, stateOf };
};

export type Transactions = ReturnType<typeof transactions>;
