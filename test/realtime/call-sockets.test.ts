import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from './client.ts';
import { openDeskWorld } from './desk-world.ts';
import { token } from './world.ts';

let desk: Awaited<ReturnType<typeof openDeskWorld>>;
let url: string;
beforeAll(async () => {
  desk = await openDeskWorld();
  ({ url } = await desk.serve());
});
afterAll(() => desk?.close());

const superseded = ({ type }: { type: string }) => type === 'superseded';

describe('an agent has one call socket', () => {
  test('the first is active, the second stands by', async () => {
    const agentId = await desk.newAgent();
    const first = await desk.page(url, agentId, { tab: 'a' });
    const second = await desk.page(url, agentId, { tab: 'b' });
    expect(first.welcome).toMatchObject({ callSocket: 'active', fence: 1 });
    expect(second.welcome).toMatchObject({ callSocket: 'standby', fence: 0 });
  });

  test('a claim makes the second active, and tells the first', async () => {
    const agentId = await desk.newAgent();
    const first = await desk.page(url, agentId, { tab: 'a' });
    const second = await desk.page(url, agentId, { tab: 'b' });
    second.client.send({ type: 'claim' });
    const claimed = await second.client.frame(({ callSocket }) => callSocket === 'active');
    expect(claimed).toMatchObject({ type: 'welcome', fence: 2 });
    expect(await first.client.frame(superseded)).toEqual({
      type: 'superseded',
      fence: 2,
      by: second.welcome.sessionId,
    });
    expect(second.client.frames.some(superseded)).toBe(false);
  });

  test('taking over at hello does the same', async () => {
    const agentId = await desk.newAgent();
    const first = await desk.page(url, agentId, { tab: 'a' });
    const second = await desk.page(url, agentId, { tab: 'b', takeOver: true });
    expect(second.welcome).toMatchObject({ callSocket: 'active', fence: 2 });
    expect(await first.client.frame(superseded)).toMatchObject({ fence: 2 });
  });

  test('also across server processes, to and fro', async () => {
    const agentId = await desk.newAgent();
    const other = await desk.serve();
    const first = await desk.page(url, agentId, { tab: 'a' });
    const second = await desk.page(other.url, agentId, { tab: 'b', takeOver: true });
    expect(await first.client.frame(superseded)).toEqual({
      type: 'superseded',
      fence: 2,
      by: second.welcome.sessionId,
    });
    first.client.send({ type: 'claim' });
    expect(await second.client.frame(superseded)).toEqual({
      type: 'superseded',
      fence: 3,
      by: first.welcome.sessionId,
    });
    await other.stop();
  });

  test('a reload gets it back without a new fence, a new tab does not', async () => {
    const agentId = await desk.newAgent();
    const first = await desk.page(url, agentId, { tab: 'a' });
    await first.client.close();
    const other = await desk.page(url, agentId, { tab: 'b' });
    const reloaded = await desk.page(url, agentId, { tab: 'a' });
    expect(other.welcome).toMatchObject({ callSocket: 'standby', fence: 0 });
    expect(reloaded.welcome).toMatchObject({ callSocket: 'active', fence: 1 });
    expect(other.client.frames.some(superseded)).toBe(false);
  });

  test('a reload that is there before the old page is gone replaces it', async () => {
    const agentId = await desk.newAgent();
    const first = await desk.page(url, agentId, { tab: 'a' });
    const reloaded = await desk.page(url, agentId, { tab: 'a' });
    expect(reloaded.welcome).toMatchObject({ callSocket: 'active', fence: 1 });
    expect(await first.client.frame(superseded)).toMatchObject({ by: reloaded.welcome.sessionId });
    await first.client.close();
    await expect
      .poll(async () => (await desk.agentDocument(agentId))?.callSocket?.sessionId)
      .toBe(reloaded.welcome.sessionId);
  });

  test('also when the reload reaches another process', async () => {
    const agentId = await desk.newAgent();
    const other = await desk.serve();
    const first = await desk.page(url, agentId, { tab: 'a' });
    await expect
      .poll(async () => (await desk.agentDocument(agentId))?.callSocket?.sessionId)
      .toBe(first.welcome.sessionId);
    const reloaded = await desk.page(other.url, agentId, { tab: 'a' });
    expect(reloaded.welcome).toMatchObject({ callSocket: 'active', fence: 1 });
    expect(await first.client.frame(superseded)).toMatchObject({ fence: 1, by: reloaded.welcome.sessionId });
    await other.stop();
  });

  test('one that stands by stays so when the active one goes', async () => {
    const agentId = await desk.newAgent();
    const first = await desk.page(url, agentId, { tab: 'a' });
    const second = await desk.page(url, agentId, { tab: 'b' });
    await first.client.close();
    await expect.poll(async () => (await desk.agentDocument(agentId))?.callSocket).toBe(null);
    const beats = () => second.client.frames.filter(({ type }) => type === 'heartbeat').length;
    const before = beats();
    await second.client.until(() => beats() >= before + 2);
    expect(second.client.frames.filter(({ callSocket }) => callSocket === 'active')).toEqual([]);
  });

  test('a claim during a live call is refused', async () => {
    const agentId = await desk.newAgent();
    const first = await desk.page(url, agentId, { tab: 'a' });
    const second = await desk.page(url, agentId, { tab: 'b' });
    await desk.command(agentId, { type: 'ReserveAgent', callId: 'live', direction: 'incoming', fence: null });
    second.client.send({ type: 'claim' });
    expect(await second.client.frame(({ type }) => type === 'error')).toMatchObject({
      re: 'claim',
      code: 'agent.call_in_progress',
      callId: 'live',
    });
    expect(first.client.frames.some(superseded)).toBe(false);
  });

  test('a server that stops gives its call sockets back', async () => {
    const agentId = await desk.newAgent();
    const leaving = await desk.serve();
    const first = await desk.page(leaving.url, agentId, { tab: 'a' });
    await leaving.stop();
    expect(await first.client.closed).toMatchObject({ code: 4100 });
    await expect.poll(async () => (await desk.agentDocument(agentId))?.callSocket).toBe(null);
  });

  test('the socket of a process that ended without a word is free', async () => {
    const agentId = await desk.newAgent();
    await desk.command(agentId, {
      type: 'OpenCallSocket',
      sessionId: 'ses_lost',
      tab: 'lost',
      gateway: 'gw_lost',
      takeOver: false,
      holderIsGone: false,
    });
    await expect.poll(async () => (await desk.agentDocument(agentId))?.callSocket?.sessionId).toBe('ses_lost');
    const next = await desk.page(url, agentId, { tab: 'a' });
    expect(next.welcome).toMatchObject({ callSocket: 'active', fence: 2 });
  });

  test('somebody who is no agent of the store has none', async () => {
    const { client, welcome } = await desk.page(url, 'nobody');
    expect(welcome).toMatchObject({ callSocket: 'standby', fence: 0 });
    expect(await client.frame(({ type }) => type === 'error')).toMatchObject({ re: 'hello', code: 'agent.unknown' });
  });

  test('those who only read have none', async () => {
    const client = await connect(url);
    const welcome = await client.hello({ token: await token({ role: 'auditor' }), callSocket: true });
    expect(welcome).toMatchObject({ callSocket: 'none' });
  });
});

describe('a call', () => {
  const calls = (client: Awaited<ReturnType<typeof connect>>) =>
    client.frames.filter(({ type }) => type.startsWith('call.'));

  test('is offered to the active call socket of the offered agent, and to nobody else', async () => {
    const [asha, ben] = [await desk.newAgent(), await desk.newAgent()];
    const active = await desk.page(url, asha, { tab: 'a' });
    const standby = await desk.page(url, asha, { tab: 'b' });
    const reader = await desk.page(url, asha, { tab: 'c', callSocket: false });
    const other = await desk.page(url, ben, { tab: 'd' });
    await desk.call('c1', { agentId: asha });
    expect(await active.client.frame(({ type }) => type === 'call.offer')).toEqual({
      type: 'call.offer',
      callId: 'c1',
      offerId: 'offer-c1',
      from: { customerId: 'cus_one', waId: '910000000042', name: 'Asha' },
      ticketId: 't1',
      channelId: 'ch',
      channelName: 'Sales',
      sdpOffer: 'v=0 offer',
      expiresAt: expect.stringMatching(/Z$/),
    });
    await desk.call('c2', { agentId: ben });
    await other.client.frame(({ type }) => type === 'call.offer');
    expect([standby, reader].flatMap(({ client }) => calls(client))).toEqual([]);
    expect(calls(active.client).length).toBe(1);
    expect(calls(other.client).map(({ callId }) => callId)).toEqual(['c2']);
  });

  test('is acknowledged once its page shows it', async () => {
    const asha = await desk.newAgent();
    const { client } = await desk.page(url, asha);
    await desk.call('c3', { agentId: asha });
    await client.frame(({ type }) => type === 'call.offer');
    client.send({ type: 'offer-ack', offerId: 'offer-c3' });
    const acknowledgement = { store: 'acme', agentId: asha, callId: 'c3', offerId: 'offer-c3' };
    await expect.poll(() => desk.acknowledged).toContainEqual(acknowledgement);
  });

  test('is offered again after a reload while it rings, not once that is over', async () => {
    const asha = await desk.newAgent();
    const first = await desk.page(url, asha, { tab: 'a' });
    await desk.call('c4', { agentId: asha });
    await desk.call('long-over', { agentId: asha, expiresAt: Date.now() - 1 });
    await first.client.frame(({ type }) => type === 'call.offer');
    await first.client.close();
    const reloaded = await desk.page(url, asha, { tab: 'a' });
    expect(await reloaded.client.frame(({ type }) => type === 'call.offer')).toMatchObject({ callId: 'c4' });
    expect(JSON.stringify([first.client.frames, reloaded.client.frames])).not.toContain('long-over');
  });

  test('is offered to the one who claims while it rings', async () => {
    const asha = await desk.newAgent();
    await desk.page(url, asha, { tab: 'a' });
    const second = await desk.page(url, asha, { tab: 'b' });
    await desk.call('c6', { agentId: asha });
    second.client.send({ type: 'claim' });
    await second.client.frame(({ type, callId }) => type === 'call.offer' && callId === 'c6');
  });

  test.each([
    [
      'withdrawn when another agent is offered it',
      { agentId: 'ben', offerId: 'other' },
      ['call.offer', 'call.withdrawn'],
    ],
    ['withdrawn when nobody is offered it any more', null, ['call.offer', 'call.withdrawn']],
    [
      'withdrawn and ended when the caller hangs up',
      { state: 'ended', status: 'missed', expiresAt: null },
      ['call.offer', 'call.withdrawn', 'call.ended'],
    ],
    ['connected when answered', { state: 'connected', expiresAt: null }, ['call.offer', 'call.connected']],
    ['offered anew with another offer', { offerId: 'second' }, ['call.offer', 'call.withdrawn', 'call.offer']],
  ] as const)('is %s', async (_, change, types) => {
    const asha = await desk.newAgent();
    const callId = `call-of-${asha}`;
    const { client } = await desk.page(url, asha);
    await desk.call(callId, { agentId: asha });
    await client.frame(({ type }) => type === 'call.offer');
    await desk.call(callId, change && { agentId: asha, ...change });
    await client.until(() => calls(client).length >= types.length);
    expect(calls(client).map(({ type }) => type)).toEqual(types);
    expect(calls(client).every((frame) => frame.callId === callId)).toBe(true);
  });

  test('that an agent placed tells the answer, the connection and the end, each once', async () => {
    const asha = await desk.newAgent();
    const { client } = await desk.page(url, asha);
    const outgoing = { direction: 'outgoing', agentId: asha, offerId: null, expiresAt: null, sdpOffer: null } as const;
    const answered = { ...outgoing, sdpAnswer: 'v=0 answer' };
    await desk.call('c7', { ...outgoing, state: 'dialling' });
    await desk.call('c7', { ...answered, state: 'dialling' });
    await client.frame(({ type }) => type === 'call.answer');
    await desk.call('c7', { ...answered, state: 'ringing' });
    await desk.call('c7', { ...answered, state: 'connected', answeredAt: 86_400_000 });
    await client.frame(({ type }) => type === 'call.connected');
    await desk.call('c7', { ...outgoing, state: 'ended', status: 'completed', endedAt: 86_460_000 });
    await client.frame(({ type }) => type === 'call.ended');
    expect(calls(client)).toEqual([
      { type: 'call.answer', callId: 'c7', sdpAnswer: 'v=0 answer' },
      { type: 'call.connected', callId: 'c7', ticketId: 't1', answeredAt: '1970-01-02T00:00:00.000Z' },
      { type: 'call.ended', callId: 'c7', status: 'completed', endedAt: '1970-01-02T00:01:00.000Z' },
    ]);
  });
});
