import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { alarm } from '../../../commands/timers/alarm.ts';
import { runTimers } from '../../../commands/timers/run-timers.ts';
import type { DomainEvent } from '../../../domain/index.ts';
import { days, hours, seconds } from '../../../domain/time.ts';
import { openStore, startWorld, type World } from '../world.ts';
import { allOf, at, firedOf, happens, oweTimers, waiting } from './backlog.ts';

let world: World;
let stop = async () => {};

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(() => {
  world.clock.now = at;
});
afterEach(() => stop());

/** Starts the timers; resolves when all that the log starts is set. */
const start = async (logger = world.w.logger) => {
  const stopping = new AbortController();
  const progress = { position: 0n };
  const running = runTimers({ ...world.w, logger }, progress, alarm(), stopping.signal);
  stop = async () => {
    stopping.abort();
    await running;
  };
  const head = await world.w.log.head();
  await expect.poll(() => progress.position >= head, { timeout: 20_000, interval: 5 }).toBe(true);
};

const drained = () => expect.poll(() => waiting(world.w), { timeout: 60_000, interval: 25 }).toBe(0);

/** Runs the timers until every one due has fired. */
const run = async () => {
  await start();
  await drained();
  await stop();
};

const grantUntil = (customerId: string, until: number) =>
  happens(world.log, `permission-8.${customerId}`, {
    ...{ type: 'PermissionGranted', at, channelId: '8', ticketId: null, customerId, source: 'profile' },
    ...{ requestId: null, callId: null, permanent: false, until },
  } as DomainEvent);

const expiriesOf = async (customerId: string) =>
  (await world.eventsOf(`permission-8.${customerId}`))
    .filter(({ type }) => type === 'PermissionExpired')
    .map((event) => event.at);

describe('a timer', () => {
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

  test('that has been overtaken finds nothing to do, the later one does', async () => {
    await grantUntil('cus_renewed', at + hours(10));
    await grantUntil('cus_renewed', at + hours(20));
    world.clock.now = at + hours(15);
    await run();
    expect(await expiriesOf('cus_renewed')).toEqual([]);
    world.clock.now = at + hours(20);
    await run();
    expect(await expiriesOf('cus_renewed')).toEqual([at + hours(20)]);
  });

  test('fires once, also when the log is read again from the beginning', async () => {
    await oweTimers(world.log, 200, 'cus_again');
    world.clock.now = at + days(1);
    await run();
    await world.db.collection<{ _id: string }>('checkpoints').deleteOne({ _id: 'timers' });
    await run();
    expect(await firedOf(world.log, 'cus_again')).toEqual(allOf(200, 'cus_again'));
  });
});

/** A call that rings at an agent for half a minute. */
const rings = async (callId: string) => {
  const offer = { at: world.clock.now, callId, offerId: `${callId}.1`, agentId: 'a', ticketId: 't' };
  const staff = { agentName: null, team: null, expiresAt: world.clock.now + seconds(30) };
  const offered = { type: 'CallOffered', ...offer, ...staff } as const;
  await happens(world.log, `call-${callId}`, offered, { type: 'OfferAcknowledged', ...offer });
};

/** Lets half a minute pass, and waits until the call rings no more. */
const ringsOut = async (callId: string) => {
  world.clock.now += seconds(30);
  await expect.poll(() => world.typesIn(`call-${callId}`), { timeout: 20_000, interval: 5 }).toContain('OfferTimedOut');
};

describe('nobody on the line waits', () => {
  test('for timers that ask Meta, however long it is silent', async () => {
    let speaks = () => {};
    const after = new Promise<void>((resolve) => {
      speaks = resolve;
    });
    const care = await openStore(world);
    world.meta.answerAt('/settings', ...Array.from({ length: 40 }, () => ({ status: 500, after })));
    for (const channelId of ['1', '2', '3', '4'].map((n) => `${care.channelId}${n}`))
      await happens(world.log, `channel-${channelId}`, {
        ...{ type: 'ChannelRestricted', at: at - days(3), channelId, restriction: 'outgoing', metaType: 'x' },
        until: null,
      } as DomainEvent);
    await rings('c1');
    const before = world.meta.asked.length;
    await start();
    await expect
      .poll(() => world.meta.asked.length - before, { timeout: 20_000, interval: 5 })
      .toBeGreaterThanOrEqual(4);
    await ringsOut('c1');
    expect(await waiting(world.w)).toBeGreaterThan(0);
    speaks();
  });

  test('for thousands that came due while nobody ran, of which the operator is told; commands are served meanwhile', {
    timeout: 90_000,
  }, async () => {
    const care = await openStore(world);
    await oweTimers(world.log, 1_200, 'cus_backlog');
    world.clock.now = at + days(1);
    const told: Record<string, unknown>[] = [];
    await start(pino({}, { write: (line) => told.push(JSON.parse(line)) }));
    await rings('c2');
    await ringsOut('c2');
    const served = await world.ask(care.as('ana'), 'PUT /v1/agents/ana/availability', { active: false });
    expect(served.status).toBe(200);
    expect(await waiting(world.w)).toBeGreaterThan(0);
    await drained();
    await stop();
    expect(await firedOf(world.log, 'cus_backlog')).toEqual(allOf(1_200, 'cus_backlog'));
    const ofTerms = told.filter(({ lane }) => lane === 'terms');
    expect(ofTerms[0]).toMatchObject({ msg: 'timers are far behind', waiting: expect.any(Number), fired: 200 });
    expect(ofTerms[0]?.secondsBehind).toBeGreaterThan(86_000);
    expect(ofTerms.at(-1)).toMatchObject({ msg: 'timers have caught up', fired: 1_200 });
  });
});
