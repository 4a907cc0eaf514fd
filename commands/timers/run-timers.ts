import type { Instant } from '../../domain/time.ts';
import { pause } from '../../store/back-off.ts';
import { consume } from '../../store/consume.ts';
import type { Batch, Recorded } from '../../store/event-log.ts';
import { keepLeading } from '../../store/lease.ts';
import { groupBy, inParallel, insist, type Progress } from '../reactions/reaction.ts';
import type { WriteSide } from '../write-side.ts';
import type { Alarm } from './alarm.ts';
import { fire } from './fire.ts';
import { type Lane, lanes } from './lanes.ts';
import { type StoredTimer, type StoredTimers, storedTimers } from './stored-timers.ts';
import { tellBacklog } from './tell-backlog.ts';
import { timersOf } from './timers-of.ts';

/** How many of a lane are read at once, and how many subjects are worked on side by side. */
const pace: Record<Lane, { readonly perRound: number; readonly atOnce: number }> = {
  calls: { perRound: 200, atOnce: 16 },
  terms: { perRound: 200, atOnce: 8 }, // nobody waits, and commands are to be served meanwhile
  meta: { perRound: 16, atOnce: 8 }, // each may take as long as Meta is silent
};

/** How long to sleep at most, so that a moved clock is noticed. */
const longestSleep = 500;

/**
 * Sets the timers that events start and fires those that are due, lane by lane, until the signal aborts; the only one of
 * all processes. Firing is idempotent, so each acts once, whoever still believes to be the only one.
 */
export const runTimers = (w: WriteSide, progress: Progress, bell: Alarm, signal: AbortSignal) => {
  const timers = storedTimers(w.db);
  const report = (err: unknown) => w.logger.warn({ err }, 'timers wait for the stores');
  const lead = async (leading: AbortSignal) => {
    const from = await timers.open();
    progress.position = from ?? 0n;
    let setUntil: Instant = 0;
    const handle = async (batch: Batch) => {
      if (batch.events.length > 0) await timers.set(batch);
      progress.position = batch.upTo;
      const before = setUntil;
      setUntil = batch.live ? Number.POSITIVE_INFINITY : Math.max(setUntil, ...batch.events.map(happenedAt));
      if (batch.events.length > 0 || setUntil > before) bell.ring();
    };
    /** Nothing fires before all that was to come before it is set: after a downtime the log is read first. */
    const dueBy = () => Math.min(w.now(), setUntil);
    leading.addEventListener('abort', bell.ring, { once: true });
    await Promise.all([
      consume({ log: w.log, from, types: Object.keys(timersOf), maxBatch: 500, signal: leading, handle, report }),
      ...lanes.map((lane) => keepFiring(w, timers, { lane, dueBy, bell }, leading)),
    ]);
  };
  return keepLeading({ db: w.db, name: 'timers', holder: String(process.pid), ttlMs: 5_000, signal }, lead, report);
};

const happenedAt = ({ metadata }: Recorded): Instant => metadata.happenedAt;

type Round = { readonly lane: Lane; readonly dueBy: () => Instant; readonly bell: Alarm };

/** Fires what is due in a lane, round after round; sleeps while nothing is. */
const keepFiring = async (w: WriteSide, timers: StoredTimers, { lane, dueBy, bell }: Round, signal: AbortSignal) => {
  const tell = tellBacklog(w, timers, lane);
  while (!signal.aborted) {
    const rung = bell.next();
    const startedAt = performance.now();
    try {
      const due = await timers.due(lane, dueBy(), pace[lane].perRound);
      const isMoreDue = due.length === pace[lane].perRound;
      await fireAll(w, timers, due, pace[lane].atOnce, signal);
      await tell(due, isMoreDue, startedAt);
      if (!isMoreDue) await pause(await untilNext(timers, lane, w.now()), rung);
    } catch (err) {
      if (!signal.aborted) w.logger.warn({ lane, err }, 'timers wait for the stores');
      await pause(longestSleep, signal);
    }
  }
};

const untilNext = async (timers: StoredTimers, lane: Lane, now: number) => {
  const next = (await timers.nextDueAt(lane)) ?? 0;
  return next > now ? Math.min(longestSleep, next - now) : longestSleep;
};

/** Those of one subject in order, subjects side by side; none is begun any more once the signal aborts. */
const fireAll = async (
  w: WriteSide,
  timers: StoredTimers,
  due: readonly StoredTimer[],
  atOnce: number,
  signal: AbortSignal,
) => {
  const fired: string[] = [];
  const fireInOrder = async (sameSubject: readonly StoredTimer[]) => {
    for (const timer of sameSubject) {
      if (signal.aborted) return;
      const task = { worker: 'timers', id: timer._id, type: timer.kind, subject: subjectOf(timer) };
      await insist(w, task, () => fire(w, timer), signal);
      fired.push(timer._id);
    }
  };
  await inParallel([...groupBy(due, subjectOf).values()], fireInOrder, atOnce);
  await timers.remove(fired);
};

/** Whose order counts: that of the customer on the channel, else of the call, the agent or the channel. */
const subjectOf = ({ store, subject: { channelId, customerId, callId, agentId } }: StoredTimer) =>
  [store, customerId ? [channelId, customerId] : (callId ?? agentId ?? channelId)].flat().join('.');
