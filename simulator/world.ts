import { randomUUID } from 'node:crypto';
import { newChannel } from './channel.ts';
import type { Limits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { type Call, conversationKey, newConversation, newCustomer, newRecords, type Records } from './records.ts';
import type { Clock, Timers } from './timers.ts';

export type World = ReturnType<typeof createWorld>;

/** Calls are remembered this long in number, so that acting on one that has ended is told from an unknown id. */
const callsRemembered = 2_000;

type Parts = { clock: Clock; timers: Timers; send: Outbox['send']; records?: Records };

/** The way to all the simulator knows: numbers, customers, conversations and calls, found or made by their ids. */
export function createWorld({ clock, timers, send, records = newRecords() }: Parts) {
  const { customers, channels, conversations, calls } = records;

  const customer = (waId: string) => found(customers, waId, () => newCustomer(waId));
  const channel = (phoneNumberId: string) => found(channels, phoneNumberId, () => newChannel(phoneNumberId));
  const conversation = (phoneNumberId: string, waId: string) =>
    found(conversations, conversationKey(phoneNumberId, waId), () => newConversation(phoneNumberId, customer(waId)));

  const remember = (call: Call) => {
    calls.set(call.id, call);
    for (const { id, endedAt } of calls.values()) {
      if (calls.size <= callsRemembered) return;
      if (endedAt !== undefined) calls.delete(id);
    }
  };

  const liveCalls = (phoneNumberId?: string) =>
    [...calls.values()].filter(
      ({ endedAt, conversation }) =>
        endedAt === undefined && (phoneNumberId === undefined || conversation.phoneNumberId === phoneNumberId),
    );

  return {
    clock,
    timers,
    send,
    records,
    customer,
    channel,
    conversation,
    call: (id: string) => calls.get(id),
    remember,
    /** The calls that ring or are talked in, of one number or of all. */
    liveCalls,
    limits: (phoneNumberId: string): Limits => channel(phoneNumberId).limits ?? records.limits,
  };
}

/** An id nobody had before, also after a restart: the program under test keeps the old ones. */
export const newId = (prefix: 'wacid' | 'wamid'): string =>
  `${prefix}.SIM${randomUUID().replaceAll('-', '').toUpperCase()}`;

function found<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
