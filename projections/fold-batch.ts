import type { Recorded } from '../store/event-log.ts';
import type { Keys, Projection, Stored } from './projection.ts';

const allOf = (keys: Keys): readonly string[] => (keys === null ? [] : [keys].flat());

/** The events of a read model in a batch, by the document they belong to. */
export const eventsByKey = <D>(p: Projection<D>, events: readonly Recorded[]): ReadonlyMap<string, Recorded[]> => {
  const groups = new Map<string, Recorded[]>();
  for (const recorded of events) {
    if (!p.listensTo.has(recorded.event.type)) continue;
    for (const key of allOf(p.keyOf(recorded))) {
      const group = groups.get(key);
      if (group) group.push(recorded);
      else groups.set(key, [recorded]);
    }
  }
  return groups;
};

/** What the touched documents become; those that stay as they are are left out. An event seen before changes nothing. */
export const foldBatch = <D>(
  p: Projection<D>,
  known: ReadonlyMap<string, Stored<D>>,
  events: readonly Recorded[],
  now: Date,
): readonly Stored<D>[] =>
  [...eventsByKey(p, events)].flatMap(([key, all]) => {
    const before = known.get(key);
    const next = all
      .filter(({ position }) => isNewTo(before, position))
      .reduce<Stored<D> | undefined>((stored, recorded) => step(p, key, stored, recorded, now), before);
    return next === undefined || next === before ? [] : [next];
  });

const isNewTo = (before: Stored<unknown> | undefined, position: bigint) =>
  before === undefined || position > (before.quarantine?.upTo ?? before.at);

const step = <D>(
  p: Projection<D>,
  key: string,
  before: Stored<D> | undefined,
  recorded: Recorded,
  now: Date,
): Stored<D> | undefined => {
  if (before?.quarantine) return skipped(before, recorded);
  const present = before?.doc ?? before?.resting ?? null;
  try {
    const doc = p.evolve(present, recorded, key);
    return doc === present ? before : stand(p, key, before?.store ?? recorded.metadata.store, doc, recorded, now);
  } catch (fault) {
    return quarantined(key, before, recorded, fault);
  }
};

const stand = <D>(
  p: Projection<D>,
  _id: string,
  store: string,
  doc: D | null,
  { position: at }: Recorded,
  removedAt: Date,
): Stored<D> => {
  if (doc === null) return { _id, at, store, doc, removedAt };
  const standing = p.standing?.(doc) ?? 'shown';
  if (standing === 'resting') return { _id, at, store, doc: null, resting: doc };
  return { _id, at, store, doc, ...(standing === 'leaving' && { removedAt }) };
};

/** One document's fault is its own: it stays as it was, and says so, while the others go on. */
const quarantined = <D>(
  _id: string,
  before: Stored<D> | undefined,
  { id: eventId, position, metadata }: Recorded,
  fault: unknown,
): Stored<D> => ({
  ...(before ?? { _id, at: 0n, store: metadata.store, doc: null }),
  quarantine: {
    eventId,
    position,
    error: fault instanceof Error ? fault.message : String(fault),
    skipped: 0,
    upTo: position,
  },
});

const skipped = <D>(before: Stored<D>, { position }: Recorded): Stored<D> => ({
  ...before,
  quarantine: { ...before.quarantine!, skipped: before.quarantine!.skipped + 1, upTo: position },
});
