import type { Shown } from '../projections/projection.ts';
import type { Change, ReadModel } from '../projections/reader.ts';
import { changeFrames, type Op, type Told, type Upsert } from './change-frames.ts';
import type { Question } from './topics.ts';
import type { Place } from './windows.ts';

/** One who asks: of one socket, under the name the client gave it. */
export type Subscriber = {
  readonly id: string;
  readonly feed: Feed;
  /** What the client has; `null`: nothing yet, or nothing that still holds. */
  has: Place | null;
  /** Whether every change goes to the client at once; else it is caught up first. */
  isLive: boolean;
  /** A live one takes the frames or, when its socket is full, falls behind. */
  tell(frames: readonly Told[], epoch: string): void;
  fallBehind(): void;
};

/** What all who ask the same question share: the queries, the frames, and the chain of changes. */
export type Feed = {
  readonly question: Question;
  readonly model: ReadModel<object>;
  /** How far the read model has been told. */
  readonly place: () => Place;
  readonly subscribers: ReadonlySet<Subscriber>;
  join(subscriber: Subscriber): void;
  /** A feed without subscribers ends. */
  leave(subscriber: Subscriber): void;
  /** Where the last change stands that was told: the `prev` of the next. */
  lastChange: bigint;
  /**
   * Keys that some subscriber may hold, or `null` when they are too many to know. A key stays: a document can match,
   * leave and match again between two looks, and a subscriber may come from another process with what it saw there.
   */
  held: Set<string> | null;
  /** Whether `held` has every document that matches, not only those a snapshot showed. */
  isSeeded: boolean;
  /** How many are being caught up: what they hold is not known before they are done. */
  joining: number;
};

const maxHeld = 5_000;
const maxSeeded = 500;

/** A feed at its beginning, or at the beginning of another epoch. */
export const unheld = ({ position }: Place) => ({ lastChange: position, held: new Set<string>(), isSeeded: false });

/** Some subscriber may hold these documents from now on. */
export const hold = (feed: Feed, documents: readonly { readonly _id: string }[]) => {
  for (const { _id } of documents) feed.held?.add(_id);
  if (feed.held && feed.held.size > maxHeld) feed.held = null;
};

/** Makes `held` complete, for a subscriber who brings what it saw before this feed began. */
export const seed = async (feed: Feed) => {
  if (feed.isSeeded || !feed.held) return;
  const { store, sort } = feed.question;
  const { epoch } = feed.place();
  const shown = await feed.model.find(store, await feed.question.filter(), { sort, limit: maxSeeded });
  if (feed.place().epoch !== epoch) return;
  if (shown.length < maxSeeded) hold(feed, shown);
  else feed.held = null;
  feed.isSeeded = true;
};

/**
 * What these changes mean for the question: an upsert for each document that matches, a removal for each that does not.
 * `documents`: all of them that are there, for questions that can be answered by looking at each.
 */
export const look = async (
  { question, model }: Feed,
  changes: readonly Change[],
  documents: () => Promise<readonly Shown<object>[]>,
): Promise<readonly Op[]> => {
  if (changes.length === 0) return [];
  const { store, matches, present } = question;
  const ids = changes.map(({ _id }) => _id);
  const matching = async () => model.matching(store, ids, await question.filter());
  const shown = await (matches ? documents().then((all) => all.filter(matches)) : matching());
  const found = new Map(shown.map((one) => [one._id, one]));
  return changes.map(({ _id: key, at }) => {
    const one = found.get(key);
    return one ? { op: 'upsert', key, at, doc: present(one) } : { op: 'remove', key, at };
  });
};

/** The number of documents that match, under its own key; nothing for a question without a badge. */
export const badge = async ({ question, model }: Feed, at: bigint): Promise<readonly Upsert[]> => {
  if (!question.hasBadge) return [];
  return [{ op: 'upsert', key: 'badge', at, doc: await model.count(question.store, await question.filter()) }];
};

/** Tells all live subscribers what changed, if it concerns any of them. */
export const publish = (feed: Feed, rows: readonly Op[], badges: readonly Op[], { epoch, position }: Place) => {
  const relevant = relevantOf(feed, rows);
  if (relevant.length === 0) return;
  for (const { op, key } of relevant) if (op === 'upsert') hold(feed, [{ _id: key }]);
  const frames = changeFrames([...relevant, ...badges], { epoch, prev: feed.lastChange, upTo: position });
  feed.lastChange = position;
  for (const subscriber of feed.subscribers) subscriber.tell(frames, epoch);
};

/** A removal counts when somebody may hold the document, or when it may be in the badge without being held. */
const relevantOf = ({ held, joining, isSeeded, question }: Feed, rows: readonly Op[]) => {
  if (!held || joining > 0 || (question.hasBadge && !isSeeded)) return rows;
  return rows.filter(({ op, key }) => op === 'upsert' || held.has(key));
};
