import type { Subscriber } from './feed.ts';
import { earlier } from './windows.ts';

/**
 * How far everything is. `heads`: the last change of each subscription that the client should have. `position`: all
 * subscriptions are complete up to there, so that a quiet one can be resumed from it.
 */
export const heartbeat = (subscribers: readonly Subscriber[], now: number) => {
  const known = subscribers.flatMap(({ id, has, isLive, feed }) => (has ? [{ id, has, isLive, feed }] : []));
  const heads = known.map(({ id, has, isLive, feed }) => [id, (isLive ? feed.lastChange : has.position).toString()]);
  const reached = known.map(({ has, isLive, feed }) => (isLive ? feed.place().position : has.position));
  return {
    type: 'heartbeat',
    position: known.length > 0 ? reached.reduce(earlier).toString() : '0',
    heads: Object.fromEntries(heads),
    now: new Date(now).toISOString(),
  };
};
