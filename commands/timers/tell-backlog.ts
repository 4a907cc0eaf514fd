import type { WriteSide } from '../write-side.ts';
import type { Lane } from './lanes.ts';
import type { StoredTimer, StoredTimers } from './stored-timers.ts';

/** How late is far behind, and how often that is told; in ms. */
const farBehind = 60_000;
const tellEvery = 5_000;

type Drain = { readonly since: number; fired: number; toldAt: number };

const secondsSince = (then: number) => (performance.now() - then) / 1_000;

/** Tells the operator of a lane that is far behind, as after a long downtime: how many wait, the progress, and the end of it. */
export const tellBacklog = ({ logger, now }: WriteSide, timers: StoredTimers, lane: Lane) => {
  let drain: Drain | null = null;

  const tellProgress = async ({ since, fired }: Drain) => {
    const { waiting, secondsBehind } = await timers.backlog(lane, now());
    const perSecond = Math.round(fired / secondsSince(since));
    const secondsLeft = Math.ceil(waiting / perSecond);
    logger.warn({ lane, waiting, secondsBehind, fired, perSecond, secondsLeft }, 'timers are far behind');
  };

  /** After each round: what fired in it since `startedAt`, and whether there is more. */
  return async (fired: readonly StoredTimer[], isMoreDue: boolean, startedAt: number): Promise<void> => {
    const isFarBehind = isMoreDue && now() - (fired[0]?.dueAt ?? now()) > farBehind;
    if (drain === null && !isFarBehind) return;
    drain ??= { since: startedAt, fired: 0, toldAt: Number.NEGATIVE_INFINITY };
    drain.fired += fired.length;
    if (!isMoreDue) {
      logger.info({ lane, fired: drain.fired, seconds: Math.ceil(secondsSince(drain.since)) }, 'timers have caught up');
      drain = null;
    } else if (performance.now() - drain.toldAt >= tellEvery) {
      drain.toldAt = performance.now();
      await tellProgress(drain);
    }
  };
};
