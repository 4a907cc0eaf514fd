import { changeFrames, snapshotFrames } from './change-frames.ts';
import { badge, type Feed, hold, look, type Subscriber, seed } from './feed.ts';
import type { Outbox } from './outbox.ts';
import { earlier, later, type Place } from './windows.ts';

/** Whether a read model still tells all that was removed since a place. */
export type IsKept = (readModel: string, place: Place) => Promise<boolean>;

type Answer = { readonly texts: readonly string[]; readonly reaches: Place };

const maxResumed = 5_000;
const endOfLog = (1n << 63n) - 1n;

/**
 * Brings a subscriber from what it has to the present, and makes it live: what it missed, conflated per key, or a
 * fresh snapshot when that cannot be told. What changes meanwhile is told the same way before it is live.
 */
export const catchUp = async (subscriber: Subscriber, outbox: Outbox, isKept: IsKept): Promise<void> => {
  const { feed, id } = subscriber;
  feed.joining++;
  try {
    do {
      const { texts, reaches } = (await missed(subscriber, isKept)) ?? (await snapshot(subscriber));
      for (const text of texts) if (!feed.subscribers.has(subscriber) || !(await outbox.write(text))) return;
      subscriber.has = reaches;
    } while (!isThere(subscriber));
    subscriber.isLive = outbox.offer(JSON.stringify({ type: 'caught-up', id, position: `${subscriber.has.position}` }));
  } finally {
    feed.joining--;
  }
};

const isThere = ({ has, feed }: Subscriber) => has?.epoch === feed.place().epoch && has.position >= feed.lastChange;

/** How far the read model is now; what this process has yet to tell of it is left out when it comes. */
const present = async ({ place, model }: Feed): Promise<Place> => {
  const { epoch, position } = place();
  const checkpoint = await model.checkpoint();
  return { epoch, position: checkpoint?.epoch === epoch ? later(position, checkpoint.at) : position };
};

/** `null` when it cannot be told: nothing to start from, another epoch, ahead of us, too long ago or too much. */
const missed = async ({ id, feed, has }: Subscriber, isKept: IsKept): Promise<Answer | null> => {
  const { store, projection } = feed.question;
  const from = earlier(has?.position ?? 0n, feed.place().position);
  const { epoch, position } = await present(feed);
  if (has?.epoch !== epoch || has.position > position || !(await isKept(projection.name, has))) return null;
  const upTo = position;
  await seed(feed);
  // what another process told already, and what is being written, is not told here but may be held
  const changes = await feed.model.changed(store, from, endOfLog, maxResumed + 1);
  if (changes.length > maxResumed) return null;
  hold(feed, changes);
  const told = changes.filter(({ at }) => at > has.position && at <= upTo);
  const ids = told.map(({ _id }) => _id);
  const rows = await look(feed, told, async () => feed.model.matching(store, ids, await feed.question.filter()));
  const badges = rows.length > 0 ? await badge(feed, upTo) : [];
  const frames = changeFrames([...rows, ...badges], { epoch, prev: has.position, upTo, isResumed: true });
  return { texts: frames.map((frame) => frame.textFor(id)), reaches: { epoch, position: upTo } };
};

const snapshot = async ({ id, feed }: Subscriber): Promise<Answer> => {
  const place = await present(feed);
  const { store, sort, limit } = feed.question;
  const shown = await feed.model.find(store, await feed.question.filter(), { sort, limit });
  hold(feed, shown);
  if (shown.length < limit && feed.place().epoch === place.epoch) feed.isSeeded = true;
  const rows = shown.map((one) => ({ key: one._id, doc: feed.question.present(one) }));
  const badges = (await badge(feed, place.position)).map(({ key, doc }) => ({ key, doc }));
  return { texts: snapshotFrames(id, [...rows, ...badges], place), reaches: place };
};
