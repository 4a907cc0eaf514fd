import type { Db } from 'mongodb';
import { call } from '../../domain/call.ts';
import type { Call } from '../../domain/call-state.ts';
import { outgoingCallIds } from '../collections.ts';
import type { WriteSide } from '../write-side.ts';

/** Remembers which of our calls Meta's id stands for; said before the log says so, since webhooks may be faster. */
export const rememberOutgoingCall = async (db: Db, metaCallId: string, callId: string, at: number): Promise<void> => {
  await outgoingCallIds(db).updateOne(
    { _id: metaCallId },
    { $set: { callId }, $setOnInsert: { knownAt: new Date(at) } },
    { upsert: true },
  );
};

const isOurId = (text: string) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);

/** Our outgoing call behind a webhook: by the id we gave Meta, else by what we remember of Meta's own. */
export const outgoingCall = async (
  w: WriteSide,
  { channelId, metaCallId, ours }: { channelId: string; metaCallId: string; ours: string | null },
): Promise<{ callId: string; state: Call } | null> => {
  const callId =
    ours !== null && isOurId(ours) ? ours : (await outgoingCallIds(w.db).findOne({ _id: metaCallId }))?.callId;
  if (callId === undefined) return null;
  const state = await w.stateOf(call, callId);
  return state.direction === 'outgoing' && state.parties.channelId === channelId ? { callId, state } : null;
};
