import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextOf } from '../../commands/write-side.ts';
import { agent, type Role } from '../../domain/agent.ts';
import { call } from '../../domain/call.ts';
import { ticket } from '../../domain/ticket.ts';
import { metaError } from './meta.ts';
import { delivery, outgoing, permissionReply } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world, ['ana', 'ben']);
});
afterAll(() => world.stop());

const as = (role: Role, sub = 'ana') => ({ sub, store: care.store, role });
const profile = { name: 'Chi', email: 'chi@example.com', role: 'agent' };
const position = expect.stringMatching(/^\d+$/);

const bySystem = () => {
  const actor = { type: 'system', id: 'test' } as const;
  return contextOf({ store: care.store, actor, commandId: randomUUID(), correlationId: 'test' });
};

/** Nobody told the agent that the call is over: no process manager runs here. */
const release = (callId: string) => {
  const over = { type: 'ReleaseAgent', at: world.clock.now, agentId: 'ana', callId, because: 'ended' } as const;
  return world.w.transact(agent, `${care.store}.ana`, over, bySystem());
};

/** A customer with an open ticket of Ana's, whom she calls. Nobody tells the ticket how the call goes on. */
const called = async () => {
  const { channelId, store } = care;
  const waId = fresh.number();
  const grant = { response: 'accept', is_permanent: true, response_source: 'user_action' };
  await world.deliver(delivery(permissionReply({ channelId, waId, id: `wamid.${waId}` }, grant)));
  await world.ask(care.as('ana'), '/v1/calls', { channelId, customer: waId });
  const customerId = (await world.w.directory.find(store, waId))?.customerId ?? '';
  const opened = (await world.eventsOf(`conversation-${channelId}.${customerId}`)).at(-1);
  const ticketId = opened?.type === 'ConversationTicketOpened' ? opened.ticketId : '';
  return { waId, customerId, ticketId, types: async () => (await world.typesIn(`ticket-${ticketId}`)).slice(3) };
};

/** The call rings until `end`. */
const ringing = async () => {
  const { ticketId, waId, ...rest } = await called();
  const [callId = ''] = (await world.w.stateOf(ticket, ticketId)).calls.keys();
  const end = async () => {
    const metaCallId = (await world.w.stateOf(call, callId)).metaCallId ?? '';
    await world.deliver(delivery(outgoing.unanswered({ channelId: care.channelId, waId, metaCallId, callId })));
    await release(callId);
  };
  return { ...rest, ticketId, end };
};

/** Meta refused the call: it was over at once. */
const ticketed = () => {
  world.meta.answerNext(metaError(400, 100));
  return called();
};

describe('tickets', () => {
  test('are not given away while their call is live, and from the moment it ends to agents, teams or nobody', async () => {
    const { ticketId, end, types } = await ringing();
    const assign = (body: object, who = as('team_manager')) => world.ask(who, `/v1/tickets/${ticketId}/assign`, body);
    expect(await assign({ agentId: 'ben' })).toMatchObject({ status: 409, body: { code: 'ticket.call_live' } });
    await end();
    for (const body of [{ agentId: 'ben' }, { teamId: 'care' }, { unassigned: true }])
      expect(await assign(body)).toMatchObject({ status: 200, body: { position } });
    expect(await types()).toEqual(['LinkedCallEnded', 'TicketAssigned', 'TicketAssigned', 'TicketAssigned']);
    expect(await assign({ agentId: 'ana' }, as('agent', 'ana'))).toMatchObject({ status: 200 });
    expect(await assign({ agentId: 'ben' }, as('agent', 'ana'))).toMatchObject({ status: 403 });
    expect(await assign({ unassigned: true }, as('agent', 'ana'))).toMatchObject({ status: 403 });
    expect(await assign({ unassigned: false })).toMatchObject({ status: 422 });
    expect(await assign({ agentId: 'ana', teamId: 'care' })).toMatchObject({ status: 422 });
  });

  test('are given only to agents and teams that there are', async () => {
    const { ticketId } = await ticketed();
    const assign = (body: object) => world.ask(as('team_manager'), `/v1/tickets/${ticketId}/assign`, body);
    expect(await assign({ agentId: 'nobody' })).toMatchObject({
      status: 404,
      body: { detail: 'There is no such agent.' },
    });
    expect(await assign({ teamId: 'nobodys' })).toMatchObject({
      status: 404,
      body: { detail: 'There is no such team.' },
    });
    await world.ask(care.owner, 'PUT /v1/agents/chi', { ...profile, teams: ['nobodys'] });
    expect(await assign({ teamId: 'nobodys' })).toMatchObject({ status: 200 });
    await world.ask(care.owner, 'PUT /v1/agents/chi', { ...profile, teams: [] });
    expect(await assign({ unassigned: true })).toMatchObject({ status: 200 });
    expect(await assign({ teamId: 'nobodys' })).toMatchObject({ status: 404 });
  });

  test('are resolved and reopened together with their conversation', async () => {
    const { ticketId, customerId, end, types } = await ringing();
    const act = (what: string) => world.ask(care.as('ana'), `/v1/tickets/${ticketId}/${what}`);
    expect(await act('resolve')).toMatchObject({ status: 409, body: { code: 'ticket.call_live' } });
    await end();
    for (const what of ['resolve', 'resolve', 'reopen', 'reopen', 'resolve'])
      expect(await act(what)).toMatchObject({ status: 200, body: { position } });
    expect((await types()).slice(1)).toEqual(['TicketResolved', 'TicketReopened', 'TicketResolved']);
    expect((await world.typesIn(`conversation-${care.channelId}.${customerId}`)).slice(2)).toEqual([
      'ConversationTicketClosed',
      'ConversationTicketOpened',
      'ConversationTicketClosed',
    ]);
  });

  test('are not reopened beside another open one', async () => {
    const { ticketId, waId } = await ticketed();
    await world.ask(care.as('ana'), `/v1/tickets/${ticketId}/resolve`);
    const { status, body } = await world.ask(care.as('ana'), '/v1/calls', {
      channelId: care.channelId,
      customer: waId,
    });
    expect(status).toBe(201);
    expect(await world.ask(care.as('ana'), `/v1/tickets/${ticketId}/reopen`)).toMatchObject({
      status: 409,
      body: { code: 'ticket.another_open', ticketId: body.ticketId },
    });
    await release(body.callId);
  });

  test('keep notes', async () => {
    const { ticketId } = await ticketed();
    const path = `/v1/tickets/${ticketId}/notes`;
    expect(await world.ask(care.as('ben'), path, { text: 'Call back on Monday' })).toMatchObject({ status: 200 });
    expect((await world.eventsOf(`ticket-${ticketId}`)).at(-1)).toMatchObject({
      type: 'NoteAdded',
      agentId: 'ben',
      text: 'Call back on Monday',
    });
    expect(await world.ask(care.as('ben'), path, { text: '' })).toMatchObject({ status: 422 });
  });

  test.each([
    ['assign', { unassigned: true }],
    ['resolve', {}],
    ['reopen', {}],
    ['notes', { text: 'x' }],
  ])('%s of another store’s ticket, or of none, is not found', async (what, body) => {
    const { ticketId } = await ticketed();
    const stranger = { sub: 'ana', store: fresh.store(), role: 'admin' as const };
    expect(await world.ask(stranger, `/v1/tickets/${ticketId}/${what}`, body)).toMatchObject({ status: 404 });
    expect(await world.ask(as('admin'), `/v1/tickets/${randomUUID()}/${what}`, body)).toMatchObject({ status: 404 });
  });
});

describe('missed calls', () => {
  const pathOf = (customer: string, channelId = care.channelId) =>
    `/v1/channels/${channelId}/customers/${customer}/missed-calls/dismiss`;

  test('are dismissed for a reason', async () => {
    const { waId, customerId, ticketId } = await ticketed();
    const answer = await world.ask(care.as('ana'), pathOf(waId), { reason: 'wrong number' });
    expect(answer).toMatchObject({ status: 200, body: { position } });
    expect((await world.eventsOf(`conversation-${care.channelId}.${customerId}`)).at(-1)).toMatchObject({
      type: 'MissedCallsDismissed',
      agentId: 'ana',
      reason: 'wrong number',
      ticketId,
    });
  });

  test('of nobody, on another store’s number, or for no reason, are not', async () => {
    const { waId } = await ticketed();
    const other = await openStore(world, []);
    const reason = { reason: 'spam' };
    expect(await world.ask(care.as('ana'), pathOf(fresh.number()), reason)).toMatchObject({ status: 404 });
    expect(await world.ask(care.as('ana'), pathOf(waId, other.channelId), reason)).toMatchObject({ status: 404 });
    expect(await world.ask(care.as('ana'), pathOf(waId), {})).toMatchObject({ status: 422 });
    expect(await world.ask(care.as('ana'), pathOf('nobody'), reason)).toMatchObject({ status: 422 });
  });
});
