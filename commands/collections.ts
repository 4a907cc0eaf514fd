import type { Collection, Db } from 'mongodb';
import { days, hours, type Instant } from '../domain/time.ts';

/** A piece of a delivery that could not be placed; the log cannot forget, so it is kept here for a while. */
export type SetAsideDelivery = {
  _id: string;
  receivedAt: Date;
  reason: string;
  channelId: string | null;
  metaCallId: string | null;
  /** The piece as JSON. */
  raw: string;
};

/** Which of our outgoing calls Meta's id stands for. */
export type OutgoingCallId = { _id: string; callId: string; knownAt: Date };

/** Where Meta's messages belong that name only a phone number, or only an account. `_id` is the channel. */
export type ChannelPhone = { _id: string; phone: string; wabaId: string };

/** A command that was given a key, and what it answered. */
export type IdempotencyKey = {
  _id: string;
  store: string;
  sub: string;
  key: string;
  fingerprint: string;
  commandId: string;
  /** Who runs it now; `null` when its runner failed. */
  runner: string | null;
  answer: { status: number; body: string } | null;
  createdAt: Date;
};

/** An incoming call that waits for an agent. `_id` is the call. Meta's `since` is in whole seconds, `receivedAt` is ours. */
export type WaitingCall = {
  _id: string;
  store: string;
  since: Instant;
  receivedAt: Instant;
  ticketId: string;
  correlationId: string;
};

export const setAsideDeliveries = (db: Db): Collection<SetAsideDelivery> => db.collection('deliveries_set_aside');
export const outgoingCallIds = (db: Db): Collection<OutgoingCallId> => db.collection('outgoing_calls');
export const channelPhones = (db: Db): Collection<ChannelPhone> => db.collection('channels_by_phone');
export const idempotencyKeys = (db: Db): Collection<IdempotencyKey> => db.collection('idempotency_keys');
export const waitingCalls = (db: Db): Collection<WaitingCall> => db.collection('waiting_calls');

const inSeconds = (ms: number) => ms / 1_000;

/** Creates the indexes of the write side's own collections; safe to repeat. */
export const prepareCollections = async (db: Db): Promise<void> => {
  await Promise.all([
    setAsideDeliveries(db).createIndexes([
      { key: { receivedAt: 1 }, expireAfterSeconds: inSeconds(days(30)) },
      { key: { metaCallId: 1 } },
    ]),
    outgoingCallIds(db).createIndex({ knownAt: 1 }, { expireAfterSeconds: inSeconds(days(30)) }),
    channelPhones(db).createIndexes([{ key: { phone: 1 } }, { key: { wabaId: 1 } }]),
    waitingCalls(db).createIndex({ store: 1, since: 1, receivedAt: 1 }),
    idempotencyKeys(db).createIndexes([
      { key: { createdAt: 1 }, expireAfterSeconds: inSeconds(hours(24)) },
      { key: { store: 1, sub: 1, key: 1 }, unique: true },
    ]),
  ]);
};
