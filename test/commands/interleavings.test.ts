import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pairKey } from '../../commands/belongings.ts';
import { placeCall } from '../../commands/place-call.ts';
import { startProcessManagers } from '../../commands/process-managers.ts';
import { requestPermission } from '../../commands/request-permission.ts';
import { transactions } from '../../commands/transact.ts';
import { contextOf, type WriteSide } from '../../commands/write-side.ts';
import { call } from '../../domain/call.ts';
import { conversation } from '../../domain/conversation.ts';
import { isRefusal } from '../../domain/decider.ts';
import { permission } from '../../domain/permission.ts';
import { unansweredStreak } from '../../domain/permission-counters.ts';
import type { PermissionEvent } from '../../domain/permission-state.ts';
import { isGranted } from '../../domain/permission-verdict.ts';
import { days, hours, minutes } from '../../domain/time.ts';
import { connectedAt, mostWithin, requestStretches, type Step } from '../domain/permission-history.ts';
import { began, delivery, incoming, outgoing, permissionReply } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

const agents = ['ana', 'ben', 'chi', 'dev', 'eli', 'fay'];

let world: World;
let managers: ReturnType<typeof startProcessManagers>;
let care: Awaited<ReturnType<typeof openStore>>;
/** Two processes over the same stores, neither of which knows what the other has just decided. */
let processes: readonly WriteSide[];
beforeAll(async () => {
  world = await startWorld();
  world.clock.now = began * 1_000;
  care = await openStore(world, agents);
  managers = startProcessManagers(world.w);
  processes = [world.w, { ...world.w, ...transactions(world.log) }];
});
afterAll(async () => {
  await managers?.stop();
  await world?.stop();
});

const unix = () => Math.floor(world.clock.now / 1_000);
const contextFor = (agentId: string) => {
  const commandId = randomUUID();
  return contextOf({ store: care.store, actor: { type: 'agent', id: agentId }, commandId, correlationId: commandId });
};

/** A customer, what agents may try with them at one moment, and what they do. */
const someone = () => {
  const { channelId } = care;
  const waId = fresh.number();
  const to = { channelId, customer: waId };
  const key = async () => pairKey(channelId, (await world.w.directory.find(care.store, waId))?.customerId ?? '');
  const at = <T>(n: number, from: readonly T[]) => from[n % from.length]!;

  const say = (response: 'accept' | 'reject', is_permanent: boolean) =>
    world.deliver(
      delivery(
        permissionReply(
          { channelId, waId, id: `wamid.${randomUUID()}`, at: unix() },
          { response, is_permanent, response_source: 'user_action' },
        ),
      ),
    );

  const ringsUs = async () => {
    const one = { channelId, waId, metaCallId: fresh.metaCallId(), at: unix() };
    await world.deliver(delivery(incoming.connect(one)));
    await world.deliver(delivery(incoming.completed(one)));
  };

  return {
    waId,
    dial: (n: number) =>
      placeCall(at(n, processes))(
        { ...to, agentId: at(n, agents), sdpOffer: null, fence: null },
        contextFor(at(n, agents)),
      ),
    ask: (n: number) => {
      const template = { name: 'may_we_call', language: 'en', parameters: [] };
      const request = { ...to, agentId: at(n, agents), method: 'template', body: null, template } as const;
      return requestPermission(at(n, processes))(request, contextFor(at(n, agents)));
    },
    says: { yes: () => say('accept', false), always: () => say('accept', true), no: () => say('reject', false) },
    ringsUs,
    async resolves() {
      const { ticketId } = await world.w.stateOf(conversation, await key());
      if (ticketId) await world.ask(care.as('ana'), `/v1/tickets/${ticketId}/resolve`);
    },
    /** The outgoing call under way, if any, ends so. */
    async ends(how: 'picked up' | 'unanswered' | 'declined') {
      const { liveCalls } = await world.w.stateOf(permission, await key());
      const live = liveCalls.find(({ direction }) => direction === 'outgoing');
      if (!live) return;
      const { metaCallId } = await world.w.stateOf(call, live.callId);
      const one = { channelId, waId, callId: live.callId, metaCallId: metaCallId ?? '', at: unix() };
      const told =
        how === 'picked up'
          ? [outgoing.accepted(one), outgoing.completed(one)]
          : [...(how === 'declined' ? [outgoing.rejected(one)] : []), outgoing.unanswered(one)];
      await Promise.all([...told, ...told].map((webhook) => world.deliver(delivery(webhook))));
    },
    async steps(): Promise<readonly Step[]> {
      let before = permission.initial;
      return (await world.eventsOf(`permission-${await key()}`)).map((recorded) => {
        const event = recorded as PermissionEvent;
        const step = { before, event };
        before = permission.evolve(before, event);
        return step;
      });
    },
    conversation: async () => world.typesIn(`conversation-${await key()}`),
  };
};

type Someone = ReturnType<typeof someone>;

const passes = async (span: number) => {
  await managers.settled();
  world.clock.now += span;
  managers.clockMoved();
  await managers.settled();
};

/** What must hold of every history, however it came about. */
const isLawful = async (customer: Someone) => {
  const steps = await customer.steps();
  for (const { before, event } of steps.filter(({ event }) => event.type === 'OutgoingCallAuthorised')) {
    expect(isGranted(before, event.at)).toBe(true);
    expect(before.liveCalls).toEqual([]);
    expect(unansweredStreak(before).length).toBeLessThan(4);
  }
  expect(mostWithin(hours(24), connectedAt(steps))).toBeLessThanOrEqual(10);
  for (const sent of requestStretches(steps)) {
    expect(mostWithin(hours(24), sent)).toBeLessThanOrEqual(1);
    expect(mostWithin(days(7), sent)).toBeLessThanOrEqual(2);
  }
  const tickets = (await customer.conversation()).filter((type) => type.startsWith('ConversationTicket'));
  for (const [n, type] of tickets.entries())
    expect(type).toBe(n % 2 === 0 ? 'ConversationTicketOpened' : 'ConversationTicketClosed');
  return steps;
};

describe('whatever agents of several processes try at once', () => {
  const moment = fc.record({
    dials: fc.integer({ min: 0, max: 3 }),
    asks: fc.integer({ min: 0, max: 2 }),
    says: fc.constantFrom('yes', 'always', 'no', null, null),
    rings: fc.constantFrom(true, false, false, false),
    resolves: fc.boolean(),
    ends: fc.constantFrom('picked up', 'unanswered', 'declined'),
  });
  const gap = fc.constantFrom(minutes(3), minutes(50), hours(12), hours(24), days(3));
  /** So many customers meet so many moments, one after another but all customers at once. */
  const [customersMet, momentsEach] = [4, 12];
  const any = <T>(arbitrary: fc.Arbitrary<T>, numRuns: number) => fc.sample(arbitrary, { seed: 5, numRuns });

  test('nobody is called without permission or asked too often, and has one open ticket at most', async () => {
    const customers = Array.from({ length: customersMet }, someone);
    const lives = any(fc.tuple(...customers.map(() => moment)), momentsEach);
    await Promise.all(customers.map(({ says }) => says.yes()));
    for (const [n, pause] of any(gap, momentsEach).entries()) {
      await Promise.all(
        customers.flatMap((customer, i) => {
          const { dials, asks, says, rings, resolves } = lives[n]![i]!;
          return [
            ...Array.from({ length: dials }, (_, agent) => customer.dial(agent + i)),
            ...Array.from({ length: asks }, (_, agent) => customer.ask(agent + i)),
            says && customer.says[says](),
            rings && customer.ringsUs(),
            resolves && customer.resolves(),
          ];
        }),
      );
      await managers.settled();
      await Promise.all(customers.map((customer, i) => customer.ends(lives[n]![i]!.ends)));
      await passes(pause);
    }

    const seen = new Set<string>();
    for (const customer of customers) {
      const steps = await isLawful(customer);
      for (const { event } of steps) seen.add(event.type);
      const asked = world.meta.askedAbout(customer.waId);
      const recorded = (type: string) => steps.filter(({ event }) => event.type === type);
      expect(asked.filter(({ path }) => path.endsWith('/messages'))).toHaveLength(
        recorded('PermissionRequested').length,
      );
      expect(asked.filter(({ body }) => body.action === 'connect').length).toBeLessThanOrEqual(
        recorded('OutgoingCallAuthorised').length,
      );
    }
    for (const type of ['PermissionRequested', 'OutgoingCallConnected', 'PermissionRevoked', 'IncomingCallConnected'])
      expect(seen).toContain(type);
  }, 120_000);

  test('no more than ten calls connect in 24 hours', async () => {
    const customer = someone();
    await customer.says.always();
    const refusals: string[] = [];
    for (let round = 0; round < 13; round++) {
      const tries = await Promise.all(agents.map((_, n) => customer.dial(n)));
      expect(tries.filter((one) => !isRefusal(one)).length).toBe(round < 10 ? 1 : 0);
      refusals.push(...tries.filter(isRefusal).map(({ refused }) => refused));
      await managers.settled();
      await customer.ends('picked up');
      await passes(minutes(3));
    }
    expect(connectedAt(await isLawful(customer))).toHaveLength(10);
    expect(new Set(refusals.slice(-3 * agents.length))).toEqual(new Set(['permission.connected_limit_24h']));
    await passes(hours(24));
    expect(isRefusal(await customer.dial(0))).toBe(false);
  }, 120_000);
});
