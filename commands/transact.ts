import { LRUCache } from 'lru-cache';
import { type Decider, isRefusal, type Refusal } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/index.ts';
import { backOff, pause } from '../store/back-off.ts';
import { type Context, type EventLog, RevisionConflict } from '../store/event-log.ts';
import { turnsByKey } from '../store/turns.ts';

export type Accepted<E, S> = {
  readonly events: readonly E[];
  /** The state after them. */
  readonly state: S;
  /** The log position of the last of them, or `null` when nothing had to be written. */
  readonly position: bigint | null;
};

/** A state, how far it was read, and the latest commands that made it. */
type Loaded<S> = { readonly state: S; readonly revision: bigint | 'none'; readonly commandIds: readonly string[] };

const attempts = 10;
const commandsKnown = 100;

const nothingNew = <S>(state: S): Accepted<never, S> => ({ events: [], state, position: null });

const withCommand = (commandIds: readonly string[], commandId: string) =>
  commandIds.at(-1) === commandId ? commandIds : [...commandIds, commandId].slice(-commandsKnown);

/**
 * Load, decide, append. Commands of this process take turns on a stream; when another process got there first, decide again
 * on what it wrote. A command that a stream already holds is not decided again, so one command writes at most once per
 * stream, whatever crashed in between. States are remembered per stream, so that a long stream is read once; a remembered
 * state may be old, so only an append that the event store accepts, or a fresh read, ends it.
 */
export const transactions = (log: EventLog, { remembered = 20_000 } = {}) => {
  const states = new LRUCache<string, Loaded<unknown>>({ max: remembered });
  const recall = <S>(stream: string) => states.get(stream) as Loaded<S> | undefined;

  const load = async <C, E, S>(decider: Decider<C, E, S>, stream: string): Promise<Loaded<S>> => {
    const known = recall<S>(stream);
    let { state, revision, commandIds }: Loaded<S> = known ?? {
      state: decider.initial,
      revision: 'none',
      commandIds: [],
    };
    for await (const recorded of log.read(stream, revision === 'none' ? 0n : revision + 1n)) {
      state = decider.evolve(state, recorded.event as E);
      revision = recorded.revision;
      commandIds = withCommand(commandIds, recorded.metadata.commandId);
    }
    const loaded = { state, revision, commandIds };
    states.set(stream, loaded);
    return loaded;
  };

  /** The outcome as far as this state goes; `null` when another writer got there first. */
  const decideOn = async <C, E extends DomainEvent, S>(
    decider: Decider<C, E, S>,
    stream: string,
    { state, revision, commandIds }: Loaded<S>,
    command: C,
    context: Context,
  ): Promise<Accepted<E, S> | Refusal | null> => {
    const { commandId } = context;
    if (commandIds.includes(commandId)) return nothingNew(state);
    const decision = decider.decide(state, command);
    if (isRefusal(decision)) return decision;
    if (decision.length === 0) return nothingNew(state);
    try {
      const written = await log.append(stream, decision, revision, context);
      const after = decision.reduce(decider.evolve, state);
      states.set(stream, {
        state: after,
        revision: written.revision,
        commandIds: withCommand(commandIds, commandId),
      });
      return { events: decision, state: after, position: written.position };
    } catch (error) {
      if (error instanceof RevisionConflict) return null;
      throw error;
    }
  };

  const decideAndAppend = async <C, E extends DomainEvent, S>(
    decider: Decider<C, E, S>,
    stream: string,
    command: C,
    context: Context,
  ): Promise<Accepted<E, S> | Refusal> => {
    const known = recall<S>(stream);
    const guess = known && (await decideOn(decider, stream, known, command, context));
    if (guess && !isRefusal(guess) && guess.position !== null) return guess;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const settled = await decideOn(decider, stream, await load(decider, stream), command, context);
      if (settled) return settled;
      await pause(backOff(attempt - 1));
    }
    throw new RevisionConflict(`${stream} changed ${attempts} times under one command: try again`);
  };

  const inTurn = turnsByKey();

  const transact = async <C, E extends DomainEvent, S>(
    decider: Decider<C, E, S>,
    id: string,
    command: C,
    context: Context,
  ): Promise<Accepted<E, S> | Refusal> => {
    const stream = `${decider.category}-${id}`;
    return inTurn(stream, () => decideAndAppend(decider, stream, command, context));
  };

  /** The present state of a stream, without deciding anything. */
  const stateOf = async <C, E, S>(decider: Decider<C, E, S>, id: string): Promise<S> =>
    (await load(decider, `${decider.category}-${id}`)).state;

  return { transact, stateOf };
};

export type Transactions = ReturnType<typeof transactions>;
