import { isRefusal, type Refusal } from '../../domain/decider.ts';
import type { EventType, Named } from '../../domain/index.ts';
import { backOff, pause } from '../../store/back-off.ts';
import { consume } from '../../store/consume.ts';
import type { Batch, Context, Recorded } from '../../store/event-log.ts';
import { isOutage } from '../../store/faults.ts';
import { uuidFrom } from '../../store/ids.ts';
import { keepLeading } from '../../store/lease.ts';
import type { Accepted } from '../transact.ts';
import { type Because, contextOf, type WriteSide } from '../write-side.ts';

/** What is done about each type of event; done again after a crash, so every step must be harmless to repeat. */
type Handlers = { readonly [T in EventType]?: (event: Named<T>, cause: Recorded) => Promise<unknown> };

export type Reaction = {
  readonly name: string;
  readonly handlers: Handlers;
  /** Events of one line are handled in their order, lines side by side; a line is a stream unless this says otherwise. */
  readonly lineOf?: (cause: Recorded) => string;
};

const streamOf = ({ stream }: Recorded) => stream;

/** How far a reaction has come. */
export type Progress = { position: bigint };

const attempts = 5;

type Checkpoint = { _id: string; at: bigint };

/** Why a reaction does something: the event that caused it, and which of its steps this is. */
export const causedBy = ({ id, metadata }: Recorded, step: string): Context =>
  contextOf({
    store: metadata.store,
    actor: { type: 'system', id: step },
    commandId: uuidFrom(id, step),
    correlationId: metadata.$correlationId,
    causationId: id,
  });

/** The same, for whatever takes several steps. */
export const becauseOf =
  (cause: Recorded): Because =>
  (step) =>
    causedBy(cause, step);

/** For a step that the domain must accept at this point; a refusal here is a fault of ours. */
export const accepted = <E, S>(outcome: Accepted<E, S> | Refusal): Accepted<E, S> => {
  if (isRefusal(outcome)) throw new Error(`unexpectedly refused: ${outcome.refused}`);
  return outcome;
};

/**
 * Runs a reaction from its own checkpoint until the signal aborts, as the only one of all processes. Events of one
 * line in order, lines side by side; the checkpoint passes a batch only when all of it is done.
 */
export const runReaction = (w: WriteSide, reaction: Reaction, progress: Progress, signal: AbortSignal) => {
  const { name, handlers, lineOf = streamOf } = reaction;
  const checkpoints = w.db.collection<Checkpoint>('checkpoints');
  const _id = `reaction:${name}`;
  const report = (err: unknown) => w.logger.warn({ reaction: name, err }, 'a reaction waits for the stores');

  const handle = async ({ events, upTo }: Batch) => {
    await inParallel([...groupBy(events, lineOf).values()], async (sameLine) => {
      for (const recorded of sameLine) {
        const { id, event, stream } = recorded;
        const handler = handlers[event.type] as (event: unknown, cause: Recorded) => Promise<unknown>;
        await insist(
          w,
          { worker: name, id, type: event.type, subject: stream },
          () => handler(event, recorded),
          signal,
        );
      }
    });
    if (events.length > 0) await checkpoints.updateOne({ _id }, { $max: { at: upTo } }, { upsert: true });
    progress.position = upTo;
  };

  const lead = async (leading: AbortSignal) => {
    const from = (await checkpoints.findOne({ _id }))?.at ?? null;
    progress.position = from ?? 0n;
    await consume({ log: w.log, from, types: Object.keys(handlers), maxBatch: 200, signal: leading, handle, report });
  };
  return keepLeading({ db: w.db, name: _id, holder: String(process.pid), ttlMs: 5_000, signal }, lead, report);
};

/** The items under each key, in their order. */
export const groupBy = <T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const known = groups.get(keyOf(item));
    if (known) known.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
};

/** Works through the items, some at a time; fails when one fails, after those under way. */
export const inParallel = async <T>(items: readonly T[], work: (item: T) => Promise<void>, atOnce = 16) => {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
};

/** What is being worked on: enough to find it again when it had to be set aside. */
type Task = { readonly worker: string; readonly id: string; readonly type: string; readonly subject: string };

/** Tries a few times; what still fails is set aside with its reason, so that it holds up nobody else. */
export const insist = async (w: WriteSide, task: Task, work: () => Promise<unknown>, signal: AbortSignal) => {
  for (let failures = 0; ; failures++) {
    try {
      await work();
      return;
    } catch (err) {
      if (signal.aborted || isOutage(err)) throw err;
      if (failures + 1 < attempts) await pause(backOff(failures), signal);
      else return setAside(w, task, err);
    }
  }
};

const setAside = async ({ db, logger, now }: WriteSide, task: Task, err: unknown) => {
  logger.error({ ...task, err }, 'failed again and again; set aside');
  await db
    .collection<Task & { _id: string; reason: string; at: Date }>('set_aside_work')
    .replaceOne(
      { _id: `${task.worker}/${task.id}` },
      { ...task, reason: String(err), at: new Date(now()) },
      { upsert: true },
    );
};
