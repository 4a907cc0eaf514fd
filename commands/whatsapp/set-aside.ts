import { type Db, MongoServerError } from 'mongodb';
import type { Instant } from '../../domain/time.ts';
import { uuidFrom } from '../../store/ids.ts';
import { setAsideDeliveries } from '../collections.ts';
import type { Piece } from './pieces.ts';

/** Why a piece of a delivery changed nothing: of a stranger, of no shape we know, or of no use yet. */
export const SetAsideReason = [
  'unknown_channel',
  'unknown_customer',
  'unknown_call',
  'unknown_message',
  'unknown_event',
  'unknown_shape',
  'not_yet_used',
] as const;
export type SetAsideReason = (typeof SetAsideReason)[number];

const counts = new Map<SetAsideReason, number>(SetAsideReason.map((reason) => [reason, 0]));

/** How many pieces of deliveries this process has set aside, by reason. */
export const setAsideCounts = (): Readonly<Record<string, number>> => Object.fromEntries(counts);

/** Keeps a piece for people to look at (30 days), once however often it is delivered. */
export const setAside = async (db: Db, piece: Piece, reason: SetAsideReason, receivedAt: Instant): Promise<void> => {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const { channelId, metaCallId, raw } = piece;
  const _id = uuidFrom('set aside', channelId ?? '', JSON.stringify(raw));
  await setAsideDeliveries(db)
    .insertOne({
      _id,
      receivedAt: new Date(receivedAt),
      reason,
      channelId,
      metaCallId,
      raw: JSON.stringify(raw),
    })
    .catch((fault: unknown) => {
      if (!(fault instanceof MongoServerError && fault.code === 11_000)) throw fault; // else it is kept already
    });
};
