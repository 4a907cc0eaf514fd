import { randomUUID } from 'node:crypto';
import type { Collection, Db } from 'mongodb';
import { backOff, pause } from './back-off.ts';

/** Who leads. The beat grows while the holder lives; nobody's clock is compared with another's. */
type LeaseDocument = { _id: string; holder: string | null; beat: number };

export type LeaseOptions = {
  db: Db;
  /** What is led: one lease, and so one worker, per name. */
  name: string;
  /** Who asks, for people to read. */
  holder: string;
  /** How long a dead holder is waited for, in ms. */
  ttlMs: number;
  signal: AbortSignal;
};

/**
 * Does the work while holding the lease, as the only one of all processes: waits for it, renews it every fifth of
 * `ttlMs`, and gives it up at the end. When the lease is lost the work's signal aborts, and it starts over once the
 * lease is regained. Resolves when the work is done or the signal aborts; rejects when the work fails.
 */
export const withLease = async (options: LeaseOptions, work: (signal: AbortSignal) => Promise<void>): Promise<void> => {
  const { signal, ttlMs } = options;
  const leases = options.db.collection<LeaseDocument>('leases');
  const lease = { _id: options.name, holder: `${options.holder} ${randomUUID()}` };

  while (await acquire(leases, lease, ttlMs, signal)) {
    const lost = new AbortController();
    const done = new AbortController();
    const renewal = renew(leases, lease, ttlMs, done.signal).finally(() => lost.abort());
    try {
      await work(AbortSignal.any([signal, lost.signal]));
      if (!lost.signal.aborted) return;
    } catch (fault) {
      if (!lost.signal.aborted) throw fault;
    } finally {
      done.abort();
      await renewal;
      await leases.updateOne(lease, { $set: { holder: null } }).catch(() => {}); // else it runs out
    }
  }
};

/** Leads again and again until the signal aborts: a fault of the work is reported, and after a pause it starts over. */
export const keepLeading = async (
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
  report: (fault: unknown) => void,
): Promise<void> => {
  for (let failures = 0; !options.signal.aborted; failures++) {
    try {
      await withLease(options, work);
    } catch (fault) {
      report(fault);
      await pause(backOff(failures), options.signal);
    }
  }
};

type Lease = { _id: string; holder: string };

/** True once the lease is held: it was free, or its holder showed no beat for `ttlMs`. False when the signal aborts first. */
const acquire = async (
  leases: Collection<LeaseDocument>,
  { _id, holder }: Lease,
  ttlMs: number,
  signal: AbortSignal,
) => {
  let seen: LeaseDocument | null = null;
  let seenAt = 0;
  const attempt = async () => {
    const present = await leases.findOneAndUpdate(
      { _id },
      { $setOnInsert: { holder: null, beat: 0 } },
      { upsert: true, returnDocument: 'after' },
    );
    if (present?.holder !== seen?.holder || present?.beat !== seen?.beat) seenAt = performance.now();
    seen = present;
    if (!seen || (seen.holder !== null && performance.now() - seenAt < ttlMs)) return false;
    const taken = await leases.updateOne(seen, { $set: { holder }, $inc: { beat: 1 } });
    return taken.modifiedCount === 1;
  };
  while (!signal.aborted) {
    if (await attempt().catch(() => false)) return true; // without the document store nobody leads
    await pause(ttlMs / 5, signal);
  }
  return false;
};

/** Beats until told that the work is done, or until the lease is taken or could not be renewed for two thirds of `ttlMs`. */
const renew = async (leases: Collection<LeaseDocument>, lease: Lease, ttlMs: number, done: AbortSignal) => {
  let beatAt = performance.now();
  while (!done.aborted && performance.now() - beatAt < (ttlMs * 2) / 3) {
    await pause(ttlMs / 5, done);
    const askedAt = performance.now();
    const beat = leases.updateOne(lease, { $inc: { beat: 1 } }).catch(() => null);
    const renewed = await Promise.race([beat, pause(ttlMs / 5, done)]);
    if (renewed?.matchedCount === 0) return;
    if (renewed) beatAt = askedAt;
  }
};
