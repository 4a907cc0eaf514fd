import { randomUUID } from 'node:crypto';
import type { Db } from 'mongodb';
import { pause } from '../store/back-off.ts';

type Gateway = { _id: string; seenAt: Date };

const beatMs = 3_000;
const goneMs = 15_000;

/**
 * The server processes that hold sockets, each with a beat in the document store. Their clocks are the machines' own,
 * not the one that tests and demonstrations turn forward.
 */
export const joinGateways = async (db: Db, fault: (error: unknown) => void) => {
  const gateways = db.collection<Gateway>('gateways');
  const id = `gw_${randomUUID()}`;
  const ending = new AbortController();

  const beat = () => gateways.updateOne({ _id: id }, { $set: { seenAt: new Date() } }, { upsert: true });
  const beating = async () => {
    while (!ending.signal.aborted) {
      await beat().catch(fault);
      await pause(beatMs, ending.signal);
    }
  };

  await gateways.createIndex({ seenAt: 1 }, { expireAfterSeconds: 3_600 });
  await beat();
  const beats = beating();
  return {
    id,
    /** Whether a process ended without a word, as far as its beats tell. */
    async isGone(other: string) {
      const found = other === id ? { seenAt: new Date() } : await gateways.findOne({ _id: other });
      return !found || Date.now() - found.seenAt.getTime() > goneMs;
    },
    async leave() {
      ending.abort();
      await beats;
      await gateways.deleteOne({ _id: id }).catch(fault);
    },
  };
};

export type Gateways = Awaited<ReturnType<typeof joinGateways>>;
