import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTicket } from '../../commands/open-ticket.ts';
import { placeCall } from '../../commands/place-call.ts';
import { contextOf } from '../../commands/write-side.ts';
import { agent } from '../../domain/agent.ts';
import { call } from '../../domain/call.ts';
import { permission } from '../../domain/permission.ts';
import { uuidFrom } from '../../store/ids.ts';
import { type Answer, metaError } from './meta.ts';
import { delivery, outgoing, permissionReply } from './whatsapp/samples.ts';
import { calling, fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

type Store = Awaited<ReturnType<typeof openStore>>;

/** A customer who has permitted calls for good. */
const willing = async ({ store, channelId }: Store) => {
  const waId = fresh.number();
  const grant = { response: 'accept', is_permanent: true, response_source: 'user_action' };
  await world.deliver(delivery(permissionReply({ channelId, waId, id: `wamid.${waId}` }, grant)));
  const customerId = (await world.w.directory.find(store, waId))?.customerId ?? '';
  return { waId, customerId, pair: `${channelId}.${customerId}` };
};

const place = (care: Store, customer: string, sub = 'ana', headers: Record<string, string> = {}) =>
  world.ask(care.as(sub), '/v1/calls', { channelId: care.channelId, customer, sdpOffer: 'v=0\r\n' }, { headers });

const agentOf = ({ store }: Store, agentId = 'ana') => world.w.stateOf(agent, `${store}.${agentId}`);
const permissionOf = ({ pair }: { pair: string }) => world.w.stateOf(permission, pair);

test('an agent rings a customer, and everything is written down', async () => {
  const care = await openStore(world);
  const { waId, customerId, pair } = await willing(care);
  const placed = await place(care, waId);
  expect(placed).toMatchObject({ status: 201, body: { callId: expect.any(String), ticketId: expect.any(String) } });
  const { callId, ticketId, position } = placed.body;
  expect(await world.eventsOf(`call-${callId}`)).toMatchObject([
    {
      type: 'CallPlaced',
      agentId: 'ana',
      agentName: 'ana',
      team: 'care',
      customerId,
      waId,
      ticketId,
      channelName: 'Care',
    },
    { type: 'CallDialled', metaCallId: expect.stringMatching(/^wacid\.META/) },
  ]);
  expect(await world.typesIn(`permission-${pair}`)).toEqual(['PermissionGranted', 'OutgoingCallAuthorised']);
  expect(await world.typesIn(`ticket-${ticketId}`)).toEqual(['TicketOpened', 'CallLinked', 'TicketAssigned']);
  expect(await world.eventsOf(`conversation-${pair}`)).toMatchObject([
    { type: 'ServiceWindowOpened' },
    { type: 'ConversationTicketOpened', ticketId },
  ]);
  expect(await agentOf(care)).toMatchObject({ call: { callId, direction: 'outgoing' } });
  expect(world.meta.askedAbout(callId)).toMatchObject([{ body: { action: 'connect', to: waId } }]);
  expect(position).toBe(String(await world.log.head()));
});

test('a customer is named by number or by id, and joins their open ticket', async () => {
  const care = await openStore(world, ['ana', 'ben']);
  const { customerId, pair } = await willing(care);
  const first = await place(care, customerId);
  await world.deliver(delivery(outgoing.unanswered({ ...care, metaCallId: 'x', waId: '', callId: first.body.callId })));
  const parties = { channelId: care.channelId, customerId, ticketId: first.body.ticketId };
  const ended = {
    type: 'RecordOutgoingEnded',
    at: world.clock.now,
    callId: first.body.callId,
    result: 'unanswered',
  } as const;
  const ids = { $correlationId: 'test', $causationId: 'test', commandId: `end ${first.body.callId}` };
  const context = { store: care.store, actor: { type: 'system', id: 'test' } as const, ...ids };
  await world.w.transact(permission, pair, { ...ended, ...parties }, context);
  const second = await place(care, customerId, 'ben');
  expect(second).toMatchObject({ status: 201, body: { ticketId: first.body.ticketId } });
  expect(second.body.callId).not.toBe(first.body.callId);
});

describe('a plain no writes nothing', () => {
  const nothing = async (care: Store, customer: string, expected: object, headers = {}) => {
    const before = await world.log.head();
    expect(await place(care, customer, 'ana', headers)).toMatchObject(expected);
    expect(await world.log.head()).toBe(before);
  };
  const no = (code: string, more: object = {}) => ({ status: 409, body: { code, ...more } });
  const admin = (care: Store, path: string, body: object) => world.ask(care.owner, `PUT ${path}`, body);

  test('without permission', async () => {
    const care = await openStore(world);
    await nothing(care, fresh.number(), no('permission.none'));
    const { customerId } = await world.w.directory.identify(care.store, {
      waId: '4912345678',
      bsuid: null,
      name: null,
    });
    await nothing(care, customerId, no('permission.none'));
  });

  test('of a number outside its hours, with the time it opens', async () => {
    const care = await openStore(world);
    const { waId } = await willing(care);
    const weekly = [{ day: 'MONDAY', open: '10:00', close: '19:00' }];
    const userInitiated = { ...calling.userInitiated, workingHours: { timezone: 'Asia/Kolkata', weekly } };
    await admin(care, `/v1/channels/${care.channelId}/calling`, { ...calling, userInitiated });
    await nothing(care, waId, no('channel.outside_hours', { nextAllowedAt: '2026-11-23T04:30:00.000Z' }));
  });

  test('of a number with calling off', async () => {
    const care = await openStore(world);
    const { waId } = await willing(care);
    await admin(care, `/v1/channels/${care.channelId}/calling`, { ...calling, enabled: false });
    await nothing(care, waId, no('channel.calling_disabled'));
  });

  test('by somebody inactive, without the socket, or with an old fence', async () => {
    const care = await openStore(world);
    const { waId } = await willing(care);
    const { fence } = await agentOf(care);
    await nothing(care, waId, no('agent.socket_superseded', { fence }), { 'x-socket-fence': String(fence - 1) });
    await admin(care, '/v1/agents/ana/availability', { active: false });
    await nothing(care, waId, no('agent.inactive'));
    await admin(care, '/v1/agents/bob', { name: 'Bob', email: 'bob@example.com', role: 'agent' });
    await admin(care, '/v1/agents/bob/availability', { active: true });
    expect(await place(care, waId, 'bob')).toMatchObject(no('agent.no_call_socket'));
  });

  test('by somebody in a call, or to somebody in one', async () => {
    const care = await openStore(world, ['ana', 'ben']);
    const [one, two] = [await willing(care), await willing(care)];
    const { callId } = (await place(care, one.waId)).body;
    await nothing(care, two.waId, no('agent.on_call', { callId }));
    expect(await place(care, one.waId, 'ben')).toMatchObject(no('call.already_live', { callId }));
  });

  test('from another store’s number, or to nobody', async () => {
    const [care, other] = [await openStore(world), await openStore(world)];
    const { waId } = await willing(care);
    await nothing({ ...care, channelId: other.channelId }, waId, { status: 404, body: { code: 'not_found' } });
    await nothing(care, `cus_${'a'.repeat(26)}`, { status: 404 });
  });
});

describe('when two want the same at once', () => {
  const statuses = (answers: { status: number; body: { code?: string } }[]) =>
    answers.map(({ status, body }) => (status === 201 ? 'placed' : body.code)).toSorted();

  test.each([1, 2, 3])('two agents, one customer: one gets through (round %i)', async () => {
    const care = await openStore(world, ['ana', 'ben']);
    const customer = await willing(care);
    const answers = await Promise.all([place(care, customer.waId, 'ana'), place(care, customer.waId, 'ben')]);
    expect(statuses(answers)).toEqual(['call.already_live', 'placed']);
    expect((await permissionOf(customer)).liveCalls).toHaveLength(1);
    expect(world.meta.askedAbout(customer.waId)).toHaveLength(1);
    const held = [await agentOf(care, 'ana'), await agentOf(care, 'ben')].filter(({ call }) => call !== null);
    expect(held).toHaveLength(1);
  });

  test.each([1, 2, 3])('one agent, two customers: one gets through (round %i)', async () => {
    const care = await openStore(world);
    const [one, two] = [await willing(care), await willing(care)];
    const answers = await Promise.all([place(care, one.waId), place(care, two.waId)]);
    expect(statuses(answers)).toEqual(['agent.on_call', 'placed']);
    const live = [await permissionOf(one), await permissionOf(two)].flatMap(({ liveCalls }) => liveCalls);
    expect(live).toHaveLength(1);
  });
});

describe('after a crash on its way, the same command', () => {
  const at = () => world.clock.now;

  /** A call as far as it came before the crash: these steps were written, under the command's own id. */
  const crashed = async (steps: ('authorise' | 'reserve' | 'link' | 'place')[]) => {
    const care = await openStore(world);
    const { store, channelId } = care;
    const { waId, customerId, pair } = await willing(care);
    const actor = { type: 'agent', id: 'ana' } as const;
    const context = contextOf({ store, actor, commandId: randomUUID(), correlationId: 'test' });
    const callId = uuidFrom('call', context.commandId);
    const fact = { at: at(), callId, channelId, customerId, ticketId: null };
    const done = {
      authorise: () => {
        const facts = { channel: null, agent: null };
        return world.w.transact(permission, pair, { type: 'AuthoriseCall', ...fact, agentId: 'ana', facts }, context);
      },
      reserve: () => {
        const reserve = { type: 'ReserveAgent', at: at(), agentId: 'ana', callId, direction: 'outgoing' } as const;
        return world.w.transact(agent, `${store}.ana`, { ...reserve, fence: null }, context);
      },
      link: () => {
        const named = { channelName: 'Care', waId, customerName: null, because: 'outgoing_call' } as const;
        const opening = { ...fact, ...named, ticketId: uuidFrom('ticket', callId) };
        return openTicket(world.w, opening, context, { callId, direction: 'outgoing', agentId: 'ana' });
      },
      place: () => {
        const who = { channelName: 'Care', waId, customerName: null, agentId: 'ana', agentName: 'ana', team: null };
        return world.w.transact(call, callId, { type: 'PlaceCall', ...fact, ...who, ticketId: 'ticket' }, context);
      },
    };
    for (const step of steps) await done[step]();
    const command = { agentId: 'ana', channelId, customer: waId, sdpOffer: null, fence: null };
    const again = () => placeCall(world.w)(command, context);
    return { care, waId, pair, callId, fact, context, again };
  };

  test.each<('authorise' | 'reserve' | 'link')[]>([
    ['authorise'],
    ['authorise', 'reserve'],
    ['authorise', 'reserve', 'link'],
  ])('goes on after %s %s %s, and takes nothing twice', async (...steps) => {
    const { care, waId, pair, callId, again } = await crashed(steps);
    const placed = await again();
    expect(placed).toMatchObject({ callId });
    const { ticketId = '' } = placed as { ticketId?: string };
    expect((await world.typesIn(`ticket-${ticketId}`)).filter((type) => type === 'CallLinked')).toHaveLength(1);
    const types = [...(await world.typesIn(`permission-${pair}`)), ...(await world.typesIn(`agent-${care.store}.ana`))];
    expect(types.filter((type) => /Authorised|Reserved/.test(type))).toEqual([
      'OutgoingCallAuthorised',
      'AgentReserved',
    ]);
    expect(world.meta.askedAbout(waId)).toHaveLength(1);
  });

  test('does not dial once the call was recorded, for it may have dialled', async () => {
    const { waId, callId, again } = await crashed(['authorise', 'reserve', 'place']);
    expect(await again()).toMatchObject({ callId, ticketId: 'ticket' });
    expect(world.meta.askedAbout(waId)).toEqual([]);
  });

  test('is refused once what it had taken was given back', async () => {
    const { care, waId, pair, fact, again } = await crashed(['authorise']);
    const actor = { type: 'system', id: 'timer' } as const;
    const timer = contextOf({ store: care.store, actor, commandId: randomUUID(), correlationId: 'test' });
    await world.w.transact(permission, pair, { type: 'RecordOutgoingEnded', ...fact, result: 'failed' }, timer);
    expect(await again()).toMatchObject({ refused: 'call.ended' });
    expect(await agentOf(care)).toMatchObject({ call: null });
    expect(world.meta.askedAbout(waId)).toEqual([]);
  });
});

describe('when Meta says no', () => {
  test.each<[number, string, string[]]>([
    [138006, 'permission.none', ['MetaDisagreed', 'PermissionRevoked', 'OutgoingCallEnded']],
    [138012, 'permission.connected_limit_24h', ['MetaDisagreed', 'OutgoingCallEnded']],
    [138003, 'call.already_live', ['OutgoingCallEnded']],
    [138000, 'channel.calling_disabled', ['OutgoingCallEnded']],
    [138001, 'customer.unreachable', ['OutgoingCallEnded']],
    [100, 'meta.refused', ['OutgoingCallEnded']],
  ])('error %i is told as %s, and everybody is free again', async (code, refused, types) => {
    const care = await openStore(world);
    const customer = await willing(care);
    const at = Math.floor(world.clock.now / 1_000) + 3_600;
    world.meta.answerNext(metaError(400, code, `allowed at ${at}`));
    const answer = await place(care, customer.waId);
    expect(answer).toMatchObject({ status: 409, body: { code: refused, metaErrorCode: code } });
    const nextAllowedAt = code === 138012 ? new Date(at * 1_000).toISOString() : undefined;
    expect(answer.body.nextAllowedAt).toBe(nextAllowedAt);
    const { callId } = world.meta
      .askedAbout(customer.waId)
      .map(({ body }) => ({ callId: body.biz_opaque_callback_data }))[0]!;
    expect(await world.eventsOf(`call-${callId}`)).toMatchObject([
      { type: 'CallPlaced' },
      { type: 'CallRefused', metaErrorCode: code, refusal: refused },
      { type: 'CallConcluded', status: 'disconnected', subStatus: 'refused' },
    ]);
    expect((await world.typesIn(`permission-${customer.pair}`)).slice(2)).toEqual(types);
    expect(await agentOf(care)).toMatchObject({ call: null });
  });

  test('a yes that comes in the second of a refusal is heard, and the one from before it is not heard again', async () => {
    const care = await openStore(world);
    const { channelId } = care;
    const waId = fresh.number();
    const yes = { response: 'accept', is_permanent: true, response_source: 'user_action' };
    const says = (id: string) =>
      world.deliver(delivery(permissionReply({ channelId, waId, id, at: world.clock.now / 1_000 }, yes)));
    await says('wamid.before');
    world.meta.answerNext(metaError(401, 138_006));
    expect(await place(care, waId)).toMatchObject({ status: 409, body: { code: 'permission.none' } });
    await says('wamid.before');
    expect(await place(care, waId)).toMatchObject({ status: 409, body: { code: 'permission.revoked' } });
    await says('wamid.after');
    expect(await place(care, waId)).toMatchObject({ status: 201 });
  });

  test('too many requests at Meta are told as such', async () => {
    const care = await openStore(world);
    const { waId } = await willing(care);
    world.meta.answerNext({ status: 429 }, { status: 429 }, { status: 429 });
    expect(await place(care, waId)).toMatchObject({ status: 409, body: { code: 'meta.rate_limited' } });
  });
});

describe('when nobody knows whether it rings', () => {
  test.each<[string, Answer]>([
    ['Meta is silent', 'hang'],
    ['the connection breaks', 'drop'],
  ])('%s: the call stands, is dialled once, and a webhook tells the rest', async (_, answer) => {
    const care = await openStore(world);
    const { waId } = await willing(care);
    world.meta.answerNext(answer);
    const { status, body } = await place(care, waId);
    expect(status).toBe(201);
    expect(world.meta.askedAbout(waId)).toHaveLength(1);
    const metaCallId = fresh.metaCallId();
    const known = { channelId: care.channelId, waId, metaCallId };
    await world.deliver(delivery(outgoing.ringing({ ...known, callId: body.callId })));
    await world.deliver(delivery(outgoing.unanswered(known)));
    expect(await world.typesIn(`call-${body.callId}`)).toEqual([
      'CallPlaced',
      'DialOutcomeUnknown',
      'CallRinging',
      'CallEnded',
      'CallConcluded',
    ]);
  });
});

test('a call given up before Meta answered is ended at Meta as soon as it is known', async () => {
  const care = await openStore(world);
  const { waId } = await willing(care);
  const metaCallId = fresh.metaCallId();
  let givenUp = () => {};
  const after = new Promise<void>((resolve) => {
    givenUp = resolve;
  });
  world.meta.answerNext({ status: 200, body: { calls: [{ id: metaCallId }] }, after });
  const placing = place(care, waId);
  await expect.poll(() => world.meta.askedAbout(waId)).toHaveLength(1);
  const callId = (await agentOf(care)).call?.callId;
  expect(await world.ask(care.as('ana'), `/v1/calls/${callId}/end`)).toMatchObject({ status: 200 });
  givenUp();
  expect(await placing).toMatchObject({ status: 201, body: { callId } });
  expect(world.meta.askedAbout(metaCallId)).toMatchObject([{ body: { action: 'terminate' } }]);
});
