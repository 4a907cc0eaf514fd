import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callSockets } from '../../commands/call-socket.ts';
import { incomingCallId } from '../../commands/whatsapp/record-call.ts';
import { contextOf } from '../../commands/write-side.ts';
import { agent } from '../../domain/agent.ts';
import { call } from '../../domain/call.ts';
import { type Answer, metaError } from './meta.ts';
import { delivery, incoming } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** A call that rings at Ana, as the router would have it. */
const ringing = async () => {
  const care = await openStore(world, ['ana', 'ben']);
  const { store, channelId } = care;
  const [waId, metaCallId] = [fresh.number(), fresh.metaCallId()];
  const callId = incomingCallId(channelId, metaCallId);
  const at = world.clock.now;
  await world.deliver(delivery(incoming.connect({ channelId, waId, metaCallId, at: at / 1_000 })));
  const because = () =>
    contextOf({ store, actor: { type: 'system', id: 'router' }, commandId: randomUUID(), correlationId: callId });
  const reserve = { type: 'ReserveAgent', at, agentId: 'ana', callId, direction: 'incoming', fence: null } as const;
  await world.w.transact(agent, `${store}.ana`, reserve, because());
  const routed = { ticketId: 'ticket', mode: 'round_robin', ruleVersion: 0, candidates: [], chosen: 'ana' };
  await world.w.transact(call, callId, { type: 'RouteCall', at, callId, ...routed, noAgent: null }, because());
  const staff = { agentId: 'ana', agentName: 'Ana', team: null };
  const offer = { type: 'OfferCall', at, callId, offerId: 'offer', ...staff, expiresAt: at + 30_000 } as const;
  await world.w.transact(call, callId, offer, because());
  const act = (what: string, sub = 'ana', body: object = {}, headers: Record<string, string> = {}) =>
    world.ask(care.as(sub), `/v1/calls/${callId}/${what}`, body, { headers });
  return { ...care, callId, metaCallId, waId, act, types: () => world.typesIn(`call-${callId}`) };
};

describe('accepting', () => {
  test('is done at Meta, then recorded as answered', async () => {
    const { act, types, metaCallId } = await ringing();
    expect(await act('accept', 'ana', { sdpAnswer: 'v=0\r\n' }, { 'x-socket-fence': '1' })).toMatchObject({
      status: 200,
      body: { position: String(await world.log.head()) },
    });
    expect((await types()).slice(3)).toEqual(['CallAnswering', 'CallAnswered']);
    expect(world.meta.askedAbout(metaCallId)).toMatchObject([
      { body: { action: 'pre_accept', session: { sdp_type: 'answer', sdp: 'v=0\r\n' } } },
      { body: { action: 'accept' } },
    ]);
  });

  test('again changes nothing and asks nothing of Meta', async () => {
    const { act, types, metaCallId } = await ringing();
    await act('accept');
    expect(await act('accept')).toMatchObject({ status: 200, body: { position: expect.stringMatching(/^\d+$/) } });
    expect((await types()).slice(3)).toEqual(['CallAnswering', 'CallAnswered']);
    expect(world.meta.askedAbout(metaCallId)).toHaveLength(2);
  });

  test('twice at once asks Meta once', async () => {
    const { act, metaCallId } = await ringing();
    const codes = (await Promise.all([act('accept'), act('accept')])).map(({ status }) => status);
    expect(codes).toContain(200);
    expect(world.meta.askedAbout(metaCallId).map(({ body }) => body.action)).toEqual(['pre_accept', 'accept']);
  });

  test('is for whom it was offered to', async () => {
    const { act } = await ringing();
    expect(await act('accept', 'ben')).toMatchObject({ status: 409, body: { code: 'call.not_offered' } });
  });

  test('needs the live call socket, with its present fence', async () => {
    const { act, store } = await ringing();
    expect(await act('accept', 'ana', {}, { 'x-socket-fence': '7' })).toMatchObject({
      status: 409,
      body: { code: 'agent.socket_superseded', fence: 1 },
    });
    await callSockets(world.w).close({ store, agentId: 'ana', sessionId: 'session of ana' });
    world.clock.now += 5_000;
    expect(await act('accept')).toMatchObject({ status: 409, body: { code: 'agent.no_call_socket' } });
  });

  test('is still possible for whoever went off duty while it rang', async () => {
    const { act, owner } = await ringing();
    await world.ask(owner, 'PUT /v1/agents/ana/availability', { active: false });
    expect(await act('accept')).toMatchObject({ status: 200 });
  });

  test('what Meta refuses fails it, and the call is missed', async () => {
    const { act, types } = await ringing();
    world.meta.answerNext({ status: 200, body: {} }, metaError(400, 100));
    expect(await act('accept')).toMatchObject({ status: 409, body: { code: 'meta.refused', metaErrorCode: 100 } });
    expect((await types()).slice(3)).toEqual(['CallAnswering', 'CallAnswerFailed', 'CallMissed', 'CallConcluded']);
  });

  test.each<[string, Answer[], string]>([
    ['Meta answers the second time', ['hang'], 'CallAnswered'],
    ['Meta says it is accepted already', ['drop', metaError(400, 100)], 'CallAnswered'],
  ])('a lost answer is asked for once more: %s', async (_, answers, last) => {
    const { act, types } = await ringing();
    world.meta.answerNext({ status: 200, body: {} }, ...answers);
    expect(await act('accept')).toMatchObject({ status: 200 });
    expect((await types()).at(-1)).toBe(last);
  });

  test('a call that ended is told as ended', async () => {
    const { act, channelId, metaCallId, waId } = await ringing();
    await world.deliver(delivery(incoming.missed({ channelId, metaCallId, waId, at: world.clock.now / 1_000 })));
    expect(await act('accept')).toMatchObject({ status: 409, body: { code: 'call.ended' } });
  });
});

describe('declining', () => {
  test('ends the offer, not the call', async () => {
    const { act, types } = await ringing();
    expect(await act('decline')).toMatchObject({ status: 200 });
    expect(await act('decline')).toMatchObject({ status: 200 });
    expect((await types()).slice(3)).toEqual(['OfferDeclined']);
  });

  test('is for whom it was offered to', async () => {
    const { act } = await ringing();
    expect(await act('decline', 'ben')).toMatchObject({ status: 409, body: { code: 'call.not_offered' } });
  });
});

describe('ending', () => {
  test('asks Meta to end it, once', async () => {
    const { act, types, metaCallId } = await ringing();
    await act('accept');
    expect(await act('end')).toMatchObject({ status: 200 });
    expect((await types()).slice(-2)).toEqual(['CallEndRequested', 'CallHungUp']);
    expect(world.meta.askedAbout(metaCallId).at(-1)).toMatchObject({ body: { action: 'terminate' } });
  });

  test('succeeds though Meta is deaf: the call is over when Meta says so', async () => {
    const { act } = await ringing();
    await act('accept');
    world.meta.answerNext(metaError(400, 100));
    expect(await act('end')).toMatchObject({ status: 200 });
  });

  test('is for whoever speaks', async () => {
    const { act } = await ringing();
    expect(await act('end')).toMatchObject({ status: 409, body: { code: 'call.not_yours' } });
    await act('accept');
    expect(await act('end', 'ben')).toMatchObject({ status: 409, body: { code: 'call.not_yours' } });
  });
});

test.each(['accept', 'decline', 'end'])('%s of another store’s call, or of none, is not found', async (what) => {
  const [{ callId }, other] = [await ringing(), await openStore(world)];
  for (const id of [callId, randomUUID()])
    expect(await world.ask(other.as('ana'), `/v1/calls/${id}/${what}`)).toMatchObject({ status: 404 });
});

describe('the call socket', () => {
  const socket = { tab: 'tab', gateway: 'here', takeOver: false, holderIsGone: false };

  test('the first is active, the next stands by until it takes over', async () => {
    const { store } = await openStore(world, ['cleo']);
    const { open } = callSockets(world.w);
    const next = { ...socket, store, agentId: 'cleo', sessionId: 'next', tab: 'another' };
    expect(await open(next)).toEqual({ role: 'standby', fence: 1 });
    expect(await open({ ...next, takeOver: true })).toEqual({ role: 'active', fence: 2 });
  });

  test('nobody takes over during a call, and nobody unknown has one', async () => {
    const { store } = await ringing();
    const { open } = callSockets(world.w);
    const claim = { ...socket, store, agentId: 'ana', sessionId: 'next', tab: 'another', takeOver: true };
    expect(await open(claim)).toMatchObject({ refused: 'agent.call_in_progress' });
    expect(await open({ ...claim, agentId: 'nobody' })).toMatchObject({ refused: 'agent.unknown' });
  });

  test('its page acknowledges the offer, once, and only of its own store', async () => {
    const { store, callId, types } = await ringing();
    const other = await openStore(world, []);
    const { acknowledge } = callSockets(world.w);
    const offer = { agentId: 'ana', callId, offerId: 'offer' };
    await acknowledge({ ...offer, store: other.store });
    expect((await types()).slice(3)).toEqual([]);
    await acknowledge({ ...offer, store });
    await acknowledge({ ...offer, store });
    expect((await types()).slice(3)).toEqual(['OfferAcknowledged']);
  });
});
