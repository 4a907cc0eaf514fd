import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { incomingCallId } from '../../commands/whatsapp/record-call.ts';
import type { Role } from '../../domain/agent.ts';
import { hours } from '../../domain/time.ts';
import { delivery, incoming, permissionReply } from './whatsapp/samples.ts';
import { calling, fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let care: Awaited<ReturnType<typeof openCare>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openCare();
});
afterAll(() => world?.stop());

const takesRequests = { ...calling, callbackRequests: { enabled: true } };

/** A store whose channel takes callback requests. */
const openCare = async (agents: readonly string[] = ['ana', 'ben']) => {
  const store = await openStore(world, agents);
  await world.ask(store.owner, `PUT /v1/channels/${store.channelId}/calling`, takesRequests);
  return store;
};

type Tap = { waId?: string; channelId?: string; at?: number; contextId?: string; reply?: object };

const inSeconds = (at: number) => Math.floor(at / 1_000);

/** Meta tells of a permission that it gave in a customer's name: a tap on "request callback". */
const taps = async ({ waId = fresh.number(), channelId = care.channelId, at, contextId, reply = {} }: Tap = {}) => {
  const accept = { response: 'accept', is_permanent: false, response_source: 'automatic', ...reply };
  const message = { channelId, waId, id: `wamid.${waId}`, at: inSeconds(at ?? world.clock.now) };
  const deliver = async () => {
    expect((await world.deliver(delivery(permissionReply(message, accept, contextId)))).status).toBe(200);
  };
  await deliver();
  const customerId = (await world.w.directory.find(care.store, waId))?.customerId ?? '';
  const ofConversation = async () => {
    const events = await world.eventsOf(`conversation-${channelId}.${customerId}`);
    return events.filter(({ type }) => type.startsWith('Callback'));
  };
  const [asked] = await ofConversation();
  const ticketId = asked?.type === 'CallbackRequested' ? asked.ticketId : '';
  const id = `${channelId}.${customerId}.1`;
  const act = (what: 'claim' | 'release', who: { sub: string; store: string; role?: Role }) =>
    world.ask(who, `/v1/callback-requests/${id}/${what}`);
  return { waId, id, customerId, ticketId, asked, ofConversation, act, again: deliver };
};

const position = expect.stringMatching(/^\d+$/);

describe('a tap on "request callback"', () => {
  test('opens a ticket and is queued with it, once', async () => {
    const { waId, id, ticketId, customerId, asked, again, ofConversation } = await taps();
    const { channelId } = care;
    const at = world.clock.now;
    expect(asked).toEqual({
      ...{ type: 'CallbackRequested', at, channelId, customerId, ticketId, callbackId: id, callId: null },
      ...{ because: 'customer_asked', channelName: 'Care', waId, customerName: 'Asha Synthétique' },
      expiresAt: at + hours(168),
    });
    expect(await world.eventsOf(`ticket-${ticketId}`)).toMatchObject([
      { type: 'TicketOpened', because: 'callback_request', callId: null, waId },
    ]);
    expect(await world.eventsOf(`permission-${channelId}.${customerId}`)).toMatchObject([
      { type: 'PermissionGranted', ticketId, source: 'callback' },
    ]);
    await again();
    expect(await ofConversation()).toHaveLength(1);
  });

  test.each<[string, Tap]>([
    ['a permission that the customer gave themselves', { reply: { response_source: 'user_action' } }],
    ['a refusal', { reply: { response: 'reject' } }],
    ['one older than what it would last', { at: Date.UTC(2026, 10, 20, 9) - hours(168) }],
  ])('is none, and opens no ticket: %s', async (_, tap) => {
    const { ofConversation, customerId } = await taps(tap);
    expect(await ofConversation()).toEqual([]);
    expect(await world.typesIn(`conversation-${care.channelId}.${customerId}`)).not.toContain(
      'ConversationTicketOpened',
    );
  });

  test('is none on a number that takes no callback requests', async () => {
    const closed = await openStore(world, []);
    const waId = fresh.number();
    await taps({ channelId: closed.channelId, waId });
    const customerId = (await world.w.directory.find(closed.store, waId))?.customerId;
    expect(await world.typesIn(`conversation-${closed.channelId}.${customerId}`)).toEqual([]);
    expect(await world.typesIn(`permission-${closed.channelId}.${customerId}`)).toEqual(['PermissionGranted']);
  });

  test('is none when it belongs to a call of ours: how that ends decides', async () => {
    const who = { channelId: care.channelId, waId: fresh.number(), metaCallId: fresh.metaCallId() };
    await world.deliver(delivery(incoming.connect(who)));
    const { ofConversation } = await taps({ waId: who.waId, contextId: who.metaCallId });
    expect(await ofConversation()).toEqual([]);
  });

  test('may name a call that we have not heard of', async () => {
    const metaCallId = fresh.metaCallId();
    const { asked } = await taps({ contextId: metaCallId });
    expect(asked).toMatchObject({ callId: incomingCallId(care.channelId, metaCallId), because: 'customer_asked' });
  });
});

describe('a callback request', () => {
  test('is claimed by one agent, who gets its ticket', async () => {
    const { act, ticketId, ofConversation } = await taps();
    for (const _ of ['first', 'again'])
      expect(await act('claim', care.as('ana'))).toMatchObject({ status: 200, body: { position } });
    expect(await act('claim', care.as('ben'))).toMatchObject({
      status: 409,
      body: {
        code: 'callback.already_claimed',
        claimedBy: 'ana',
        claimedAt: new Date(world.clock.now).toISOString(),
      },
    });
    expect((await ofConversation()).map(({ type }) => type)).toEqual(['CallbackRequested', 'CallbackClaimed']);
    expect((await world.eventsOf(`ticket-${ticketId}`)).slice(1)).toMatchObject([
      { type: 'TicketAssigned', agentId: 'ana', because: 'callback_claimed' },
    ]);
  });

  test('leaves the ticket with whoever holds it', async () => {
    const { act, ticketId } = await taps();
    await world.ask(care.as('ben'), `/v1/tickets/${ticketId}/assign`, { agentId: 'ben' });
    expect((await act('claim', care.as('ana'))).status).toBe(200);
    expect((await world.typesIn(`ticket-${ticketId}`)).slice(1)).toEqual(['TicketAssigned']);
  });

  test('is claimed by a manager who takes no calls, without the ticket', async () => {
    const { act, ticketId } = await taps();
    expect((await act('claim', { sub: 'boss', store: care.store, role: 'team_manager' })).status).toBe(200);
    expect((await world.typesIn(`ticket-${ticketId}`)).slice(1)).toEqual([]);
  });

  test('is given back by its claimer or a manager, and by nobody else', async () => {
    const { act } = await taps();
    const boss = { sub: 'boss', store: care.store, role: 'team_manager' } as const;
    for (const releaser of [care.as('ana'), boss]) {
      await act('claim', care.as('ana'));
      expect(await act('release', care.as('ben'))).toMatchObject({
        status: 409,
        body: { code: 'callback.not_yours', claimedBy: 'ana' },
      });
      for (const _ of ['first', 'again'])
        expect(await act('release', releaser)).toMatchObject({ status: 200, body: { position } });
    }
    expect((await act('claim', care.as('ben'))).status).toBe(200);
  });

  test.each(['claim', 'release'] as const)('that is over refuses to %s', async (what) => {
    const { act, ticketId, ofConversation } = await taps();
    await world.ask(care.as('ana'), `/v1/tickets/${ticketId}/resolve`);
    expect((await ofConversation()).at(-1)).toMatchObject({ type: 'CallbackClosed', because: 'ticket_resolved' });
    expect(await act(what, care.as('ana'))).toMatchObject({ status: 409, body: { code: 'callback.closed' } });
  });

  test.each(['claim', 'release'] as const)('of another store, or none, is not found: %s', async (what) => {
    const { act, id } = await taps();
    const stranger = await openCare(['ana']);
    expect(await act(what, stranger.as('ana'))).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const elsewhere = id.replace(care.channelId, stranger.channelId);
    for (const none of [id.replace(/1$/, '2'), elsewhere, 'nonsense', '%2e%2e'])
      expect(await world.ask(care.as('ana'), `/v1/callback-requests/${none}/${what}`)).toMatchObject({ status: 404 });
  });

  test.each(['claim', 'release'] as const)('takes no body and no reader: %s', async (what) => {
    const { id, act } = await taps();
    const path = `/v1/callback-requests/${id}/${what}`;
    expect((await world.ask(care.as('ana'), path, { agentId: 'ben' })).status).toBe(422);
    expect((await act(what, { sub: 'ana', store: care.store, role: 'auditor' })).status).toBe(403);
  });
});
