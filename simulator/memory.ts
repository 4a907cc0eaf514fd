import type { Undelivered } from './outbox.ts';
import { newRecords } from './records.ts';
import { recordsOf, type Snapshot, snapshotOf } from './snapshot.ts';
import { keepWorld, readWorld } from './world-file.ts';

type Kept = Snapshot & { readonly undelivered: readonly Undelivered[] };

type Options = {
  readonly dir?: string | undefined;
  readonly onFault?: ((fault: unknown) => void) | undefined;
  /** The webhooks nobody has taken yet. */
  readonly undelivered: () => readonly Undelivered[];
};

/** What a former simulator left in the folder `dir`, and its keeping from now on; without a folder nothing is kept. */
export function openMemory({ dir, onFault = () => {}, undelivered }: Options) {
  if (dir === undefined) return { records: newRecords(), left: [], changed: () => {}, stop: async () => {} };
  const kept = readWorld<Kept>(dir);
  const records = kept ? recordsOf(kept) : newRecords();
  const state = (): Kept => ({
    ...snapshotOf(records),
    undelivered: undelivered().map(({ about, body }) => ({ about, body })),
  });
  return { records, left: kept?.undelivered ?? [], ...keepWorld({ dir, state, onFault }) };
}
