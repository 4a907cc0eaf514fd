import { inParallel } from '../../../commands/reactions/reaction.ts';
import { storedTimers } from '../../../commands/timers/stored-timers.ts';
import { contextOf, type WriteSide } from '../../../commands/write-side.ts';
import type { DomainEvent } from '../../../domain/index.ts';
import { minutes } from '../../../domain/time.ts';
import type { EventLog } from '../../../store/event-log.ts';

export const at = Date.UTC(2026, 10, 20, 9);
const channelId = '8';
const timersEach = 20;

/** An event of a test, appended as if Meta had told it. */
export const happens = (log: EventLog, stream: string, ...events: DomainEvent[]) =>
  log.append(
    stream,
    events,
    'any',
    contextOf({
      store: 's',
      actor: { type: 'meta', id: 'm' },
      commandId: JSON.stringify(events),
      correlationId: 'c',
    }),
  );

const invited = (customerId: string, n: number) =>
  ({
    type: 'CallInvited',
    at,
    ...{ channelId, customerId, ticketId: null, inviteId: `${customerId}.${n}`, method: 'free_form', template: null },
    ...{ body: null, displayText: null, ttlMinutes: n + 1, agentId: 'a', expiresAt: at + minutes(n + 1) },
  }) as const satisfies DomainEvent;

const conversationOf = (customerId: string) => `conversation-${channelId}.${customerId}`;

/** So many timers: customers with twenty invites each, which run out one after another within minutes of `at`. */
export const oweTimers = (log: EventLog, count: number, prefix: string) =>
  inParallel(
    Array.from({ length: count / timersEach }, (_, n) => `${prefix}${n}`),
    async (customerId) => {
      const invites = Array.from({ length: timersEach }, (_, n) => invited(customerId, n));
      await happens(log, conversationOf(customerId), ...invites);
    },
    32,
  );

/** What has fired of those: of each customer, which invites ran out, in the order of the log. */
export const firedOf = async (log: EventLog, prefix: string): Promise<ReadonlyMap<string, readonly string[]>> => {
  const fired = new Map<string, string[]>();
  const reading = new AbortController();
  const types = ['CallInviteExpired'];
  for await (const { events, live } of log.batches({ from: null, types, maxBatch: 1_000, signal: reading.signal })) {
    for (const { event } of events) {
      if (event.type !== 'CallInviteExpired' || !event.customerId.startsWith(prefix)) continue;
      fired.set(event.customerId, [...(fired.get(event.customerId) ?? []), event.inviteId]);
    }
    if (live) break;
  }
  reading.abort();
  return fired;
};

/** What is to have fired in the end: every invite of every customer once, the earlier ones first. */
export const allOf = (count: number, prefix: string): ReadonlyMap<string, readonly string[]> =>
  new Map(
    Array.from({ length: count / timersEach }, (_, n) => {
      const customerId = `${prefix}${n}`;
      return [customerId, Array.from({ length: timersEach }, (__, nth) => `${customerId}.${nth}`)];
    }),
  );

/** How many timers are due and have not fired. */
export const waiting = async ({ db, now }: Pick<WriteSide, 'db' | 'now'>) => {
  const backlogs = await storedTimers(db).backlogs(now());
  return backlogs.reduce((sum, backlog) => sum + backlog.waiting, 0);
};
