import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { alarm, runTimers } from '../../../commands/timers/run-timers.ts';
import { timersOf } from '../../../commands/timers/timers-of.ts';
import { contextOf } from '../../../commands/write-side.ts';
import type { DomainEvent } from '../../../domain/index.ts';
import { days, hours, minutes, seconds } from '../../../domain/time.ts';
import { startWorld, type World } from '../world.ts';

const at = Date.UTC(2026, 10, 20, 9);
const pair = { channelId: '8', customerId: 'cus_x', ticketId: null };
const offer = { callId: 'c', offerId: 'o', agentId: 'a', ticketId: 't' };
const callback = {
  channelId: '8',
  customerId: 'cus_x',
  ticketId: 't',
  callbackId: '8.cus_x.1',
  expiresAt: at + hours(168),
};
const staff = { agentName: null, team: null };

describe('an event starts the timers of what time alone causes later', () => {
  const rows: { event: DomainEvent; starts: Record<string, number> }[] = [
    {
      event: { type: 'CallOffered', at, ...offer, ...staff, expiresAt: at + seconds(30) },
      starts: { offer_unacknowledged: seconds(2.5), offer_timed_out: seconds(30) },
    },
    {
      event: { type: 'CallSocketClosed', at, agentId: 'a', sessionId: 'ses' },
      starts: { socket_lost: seconds(5) },
    },
    { event: { type: 'CallAnswering', at, ...offer }, starts: { answer_unconfirmed: seconds(30) } },
    {
      event: { type: 'CallEndRequested', at, callId: 'c', agentId: 'a', metaCallId: null },
      starts: { end_unconfirmed: minutes(1) },
    },
    {
      event: { type: 'OutgoingCallAuthorised', at, ...pair, callId: 'c', agentId: 'a' },
      starts: { authorisation_unused: minutes(1) },
    },
    {
      event: { type: 'PermissionRequestDelivered', at, ...pair, requestId: 'r' },
      starts: { request_expires: days(7) },
    },
    {
      event: {
        ...{ type: 'CallInvited', at, ...pair, inviteId: 'i', method: 'template', template: null, body: null },
        ...{ displayText: null, ttlMinutes: 1, agentId: 'a', expiresAt: at + minutes(1) },
      } as DomainEvent,
      starts: { invite_expires: minutes(1) },
    },
    {
      event: { type: 'CallbackRequestRenewed', at, ...callback, callId: null, because: 'customer_asked' },
      starts: { callback_expires: hours(168) },
    },
    {
      event: { type: 'PermissionDeclined', at, ...pair, requestId: 'r', replyId: null },
      starts: { request_expires: days(7) },
    },
    {
      event: {
        ...{ type: 'PermissionGranted', at, ...pair, source: 'request', requestId: 'r', callId: null },
        ...{ permanent: false, until: at + hours(168) },
      } as DomainEvent,
      starts: { permission_expires: hours(168), request_expires: days(7) },
    },
    {
      event: {
        ...{ type: 'PermissionGranted', at, ...pair, source: 'profile', requestId: null, callId: null },
        ...{ permanent: true, until: null },
      } as DomainEvent,
      starts: {},
    },
  ];

  test.each(rows)('$event.type', ({ event, starts }) => {
    const timersFor = timersOf[event.type] as (event: DomainEvent) => readonly { kind: string; dueAt: number }[];
    expect(Object.fromEntries(timersFor(event).map(({ kind, dueAt }) => [kind, dueAt - at]))).toEqual(starts);
  });
});

test('whether Meta has a request is asked after five minutes, an hour and twelve, where nobody has said so', () => {
  const requested = { type: 'PermissionRequested', at, ...pair, requestId: 'r', method: 'template' } as const;
  const timers = timersOf.PermissionRequested?.({ ...requested, template: null, body: null, agentId: 'a' });
  expect(timers?.map(({ kind, dueAt }) => [kind, dueAt - at])).toEqual([
    ['request_unconfirmed', minutes(5)],
    ['request_unconfirmed', hours(1)],
    ['request_unconfirmed', hours(12)],
  ]);
  expect(new Set(timers?.map(({ key }) => key)).size).toBe(3);
});

describe('timers', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());
  beforeEach(() => {
    world.clock.now = at;
  });

  const context = (commandId: string) =>
    contextOf({ store: 's', actor: { type: 'meta', id: 'm' }, commandId, correlationId: commandId });

  const grantUntil = (customerId: string, until: number) =>
    world.w.log.append(
      `permission-8.${customerId}`,
      [
        {
          ...{ type: 'PermissionGranted', at, ...pair, customerId, source: 'profile', requestId: null, callId: null },
          ...{ permanent: false, until },
        } as DomainEvent,
      ],
      'any',
      context(`${customerId} ${until}`),
    );

  const expiriesOf = async (customerId: string) => {
    const expiries: number[] = [];
    for await (const { event } of world.w.log.read(`permission-8.${customerId}`))
      if (event.type === 'PermissionExpired') expiries.push(event.at);
    return expiries;
  };

  /** Runs the timers until every one due has fired. */
  const run = async () => {
    const stopping = new AbortController();
    const progress = { position: 0n };
    const running = runTimers(world.w, progress, alarm(), stopping.signal);
    const head = await world.w.log.head();
    const due = () => world.w.db.collection('timers').countDocuments({ dueAt: { $lte: world.clock.now } });
    await expect.poll(() => progress.position >= head, { timeout: 20_000, interval: 5 }).toBe(true);
    await expect.poll(due, { timeout: 20_000, interval: 10 }).toBe(0);
    stopping.abort();
    await running;
  };

  test.each([
    { title: 'one millisecond before its time nothing happens', late: -1, expiries: [] },
    { title: 'at its time it fires, dated then', late: 0, expiries: [at + hours(168)] },
    { title: 'a day late it fires as of its time', late: hours(24), expiries: [at + hours(168)] },
  ])('$title', async ({ late, expiries }) => {
    const customerId = `cus_${late}`;
    await grantUntil(customerId, at + hours(168));
    world.clock.now = at + hours(168) + late;
    await run();
    expect(await expiriesOf(customerId)).toEqual(expiries);
  });

  test('one that was moved fires only at its new time', async () => {
    await grantUntil('cus_moved', at + hours(10));
    await run();
    await grantUntil('cus_moved', at + hours(20));
    world.clock.now = at + hours(15);
    await run();
    expect(await expiriesOf('cus_moved')).toEqual([]);
    world.clock.now = at + hours(20);
    await run();
    expect(await expiriesOf('cus_moved')).toEqual([at + hours(20)]);
  });

  test('many that came due while nobody ran fire once each, also when they are run again', async () => {
    const customers = Array.from({ length: 300 }, (_, n) => `cus_many${n}`);
    await Promise.all(customers.map((customerId, n) => grantUntil(customerId, at + minutes(n + 1))));
    world.clock.now = at + days(1);
    await run();
    await world.w.db.collection<{ _id: string }>('timers').deleteOne({ _id: '$checkpoint' }); // as if it had never run
    await run();
    const all = await Promise.all(customers.map(expiriesOf));
    expect(all).toEqual(customers.map((_, n) => [at + minutes(n + 1)]));
  });
});
