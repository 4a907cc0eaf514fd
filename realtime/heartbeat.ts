import type { Subscriber } from './feed.ts';
import { earlier } from './windows.ts';

/**
 * How far everything is. `heads`: the last change of each subscription that the client should have. `position`: all
 * subscriptions are complete up to there, so that a quiet one can be resumed from it; with none it is `reached`, up to
 * where every read model is told.
 */
export const heartbeat = (subscribers: readonly Subscriber[], reached: bigint, now: number) => {
  const known = subscribers.flatMap(({ id, has, isLive, feed }) => (has ? [{ id, has, isLive, feed }] : []));
  const heads = known.map(({ id, has, isLive, feed }) => [id, (isLive ? feed.lastChange : has.position).toString()]);
  const complete = known.map(({ has, isLive, feed }) => (isLive ? feed.place().position : has.position));
  return {
    type: 'heartbeat',
    position: (complete.length > 0 ? complete.reduce(earlier) : reached).toString(),
    heads: Object.fromEntries(heads),
    now: new Date(now).toISOString(),
  };
};
