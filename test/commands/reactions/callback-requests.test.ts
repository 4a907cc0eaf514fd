import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProcessManagers } from '../../../commands/process-managers.ts';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { contextOf } from '../../../commands/write-side.ts';
import { conversation } from '../../../domain/conversation.ts';
import { began, delivery, incoming, outgoing, permissionReply } from '../whatsapp/samples.ts';
import { calling, fresh, openStore, startWorld, type World } from '../world.ts';

let world: World;
let managers: ReturnType<typeof startProcessManagers>;
beforeAll(async () => {
  world = await startWorld();
  world.clock.now = began * 1_000 + 30_000;
  managers = startProcessManagers(world.w);
});
afterAll(async () => {
  await managers?.stop();
  await world?.stop();
});

type Setting = { closed?: boolean; takes?: boolean; mode?: string; agents?: readonly string[] };

const onlyMondays = { timezone: 'Asia/Kolkata', weekly: [{ day: 'MONDAY', open: '10:00', close: '19:00' }] };

/** A store whose channel takes callback requests and is closed today, unless told otherwise. */
const openCare = async ({ closed = true, takes = true, mode = 'round_robin', agents = [] }: Setting = {}) => {
  const care = await openStore(world, agents);
  await world.ask(care.owner, `PUT /v1/channels/${care.channelId}/calling`, {
    ...calling,
    userInitiated: { enabled: true, workingHours: closed ? onlyMondays : null },
    callbackRequests: { enabled: takes },
  });
  await world.ask(care.owner, 'PUT /v1/routing', { mode });
  const { channelId } = care;

  const customer = (waId = fresh.number()) => {
    const customerId = async () => (await world.w.directory.find(care.store, waId))?.customerId ?? '';
    const pair = async () => `${channelId}.${await customerId()}`;
    const state = async () => {
      await managers.settled();
      return world.w.stateOf(conversation, await pair());
    };
    return {
      waId,
      customerId,
      state,
      /** A call of theirs that began so many seconds after `began`. */
      calls: (second = 0) => {
        const who = { channelId, waId, metaCallId: fresh.metaCallId(), at: began + second };
        const callId = incomingCallId(channelId, who.metaCallId);
        const given = { response: 'accept', is_permanent: false, response_source: 'automatic' };
        const reply = { channelId, waId, id: `wamid.${who.metaCallId}`, at: who.at + 170 };
        const words = {
          connect: incoming.connect(who),
          missed: incoming.missed(who),
          completed: incoming.completed(who),
          reply: permissionReply(reply, given, who.metaCallId),
        };
        const tell = async (...names: (keyof typeof words)[]) => {
          for (const name of names) expect((await world.deliver(delivery(words[name]))).status).toBe(200);
        };
        return { callId, tell };
      },
      events: async () => {
        const { callbacks } = await state();
        const events = await world.eventsOf(`conversation-${await pair()}`);
        const told = events.filter(({ type }) => type.startsWith('Callback'));
        return { callbacks, types: told.map(({ type }) => type), last: told.at(-1) };
      },
    };
  };
  return { ...care, customer };
};

const asksOf = ({
  callback,
}: Awaited<ReturnType<ReturnType<Awaited<ReturnType<typeof openCare>>['customer']>['state']>>) =>
  callback?.asks.map(({ callId, because }) => ({ callId, because })) ?? null;

/** Everything at least once, in any order, some of it several times. */
const disorder = <T>(words: readonly T[]) =>
  fc
    .array(fc.constantFrom(...words), { maxLength: 2 })
    .chain((again) => fc.shuffledSubarray([...words, ...again], { minLength: words.length + again.length }));

describe('a customer who calls waits to be called back, in whatever order, however often we hear of the call', () => {
  test.each<[string, Setting, 'missed' | 'completed', string | null]>([
    ['when it came outside the hours', {}, 'missed', 'outside_hours'],
    ['when no agent was available', { closed: false }, 'missed', 'no_agent_available'],
    ['not when calls are handed out by hand', { closed: false, mode: 'unassigned' }, 'missed', null],
    ['not when it was answered after all', {}, 'completed', null],
    ['not where the channel takes no requests', { takes: false }, 'missed', null],
  ])('%s', async (_, setting, end, because) => {
    const care = await openCare(setting);
    await fc.assert(
      fc.asyncProperty(disorder(['connect', end, 'reply'] as const), async (order) => {
        const customer = care.customer();
        const { callId, tell } = customer.calls();
        await tell(...order);
        expect(asksOf(await customer.state())).toEqual(because && [{ callId, because }]);
      }),
      { seed: 31, numRuns: 6, endOnFailure: true },
    );
  });
});

describe('a callback request', () => {
  test('is one, however often the customer calls', async () => {
    const customer = (await openCare()).customer();
    for (const second of [0, 60, 120]) await customer.calls(second).tell('connect', 'missed', 'reply');
    const { types } = await customer.events();
    expect(types).toEqual(['CallbackRequested', 'CallbackRequestRenewed', 'CallbackRequestRenewed']);
  });

  test('is closed when its call turns out to have been answered', async () => {
    const customer = (await openCare()).customer();
    const { tell } = customer.calls();
    await tell('connect', 'missed');
    expect((await customer.state()).callback).not.toBeNull();
    await tell('completed');
    expect(await customer.events()).toMatchObject({ last: { type: 'CallbackClosed', because: 'call_answered' } });
  });

  test('is closed when the customer’s word came while its call, which asks for nothing, was told', async () => {
    const care = await openCare({ closed: false, mode: 'unassigned' });
    const customer = care.customer();
    const { callId, tell } = customer.calls();
    await tell('connect', 'missed');
    const { ticketId } = await customer.state();
    const { channelId, store } = care;
    const customerId = await customer.customerId();
    const word = { at: began * 1_000, channelId, customerId, ticketId: ticketId ?? '', callId, now: world.clock.now };
    const person = { channelName: 'Care', waId: null, customerName: null };
    const actor = { type: 'meta', id: 'late' } as const;
    await world.w.transact(
      conversation,
      `${channelId}.${customerId}`,
      { type: 'RequestCallback', ...word, ...person, because: 'customer_asked' },
      contextOf({ store, actor, commandId: randomUUID(), correlationId: 'test' }),
    );
    expect(await customer.events()).toMatchObject({ last: { type: 'CallbackClosed', because: 'not_asked' } });
  });

  test('is fulfilled when an agent calls back and the customer picks up', async () => {
    const care = await openCare({ agents: ['ana'] });
    const customer = care.customer();
    const { waId } = customer;
    await customer.calls().tell('connect', 'missed', 'reply');
    await managers.settled();
    await world.ask(care.owner, `PUT /v1/channels/${care.channelId}/calling`, {
      ...calling,
      callbackRequests: { enabled: true },
    });
    const { body, status } = await world.ask(care.as('ana'), '/v1/calls', {
      channelId: care.channelId,
      customer: waId,
    });
    expect(status, JSON.stringify(body)).toBe(201);
    const back = {
      channelId: care.channelId,
      waId,
      metaCallId: fresh.metaCallId(),
      at: began + 300,
      callId: body.callId,
    };
    await world.deliver(delivery(outgoing.ringing(back)));
    expect((await customer.state()).callback).not.toBeNull();
    await world.deliver(delivery(outgoing.accepted(back)));
    expect(await customer.events()).toMatchObject({
      types: ['CallbackRequested', 'CallbackFulfilled'],
      last: { callId: body.callId, agentId: 'ana', at: (began + 320) * 1_000 },
    });
  });

  test.each([
    { second: 600, fulfils: true },
    { second: -600, fulfils: false },
  ])(
    'is fulfilled by a call of the customer that began $second s after the miss: $fulfils',
    async ({ second, fulfils }) => {
      const customer = (await openCare()).customer();
      await customer.calls().tell('connect', 'missed');
      await managers.settled();
      await customer.calls(second).tell('connect', 'completed');
      const { types } = await customer.events();
      expect(types).toEqual(['CallbackRequested', ...(fulfils ? ['CallbackFulfilled'] : [])]);
    },
  );

  test('is none when we hear of the miss only after a later conversation', async () => {
    const customer = (await openCare()).customer();
    await customer.calls(600).tell('connect', 'completed');
    await managers.settled();
    await customer.calls().tell('connect', 'missed');
    expect(await customer.events()).toMatchObject({ callbacks: 0, types: [] });
  });

  test('stays when missed calls are dismissed, and ends with the ticket', async () => {
    const care = await openCare({ agents: ['ana'] });
    const customer = care.customer();
    await customer.calls().tell('connect', 'missed');
    const { ticketId } = await customer.state();
    const path = `/v1/channels/${care.channelId}/customers/${customer.waId}/missed-calls/dismiss`;
    await world.ask(care.as('ana'), path, { reason: 'wrote to us' });
    expect((await customer.state()).callback).not.toBeNull();
    expect((await world.ask(care.as('ana'), `/v1/tickets/${ticketId}/resolve`)).status).toBe(200);
    expect(await customer.events()).toMatchObject({ last: { type: 'CallbackClosed', because: 'ticket_resolved' } });
  });
});
