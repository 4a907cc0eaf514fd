import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tickets } from '../../projections/index.ts';
import { shownReadModels } from '../../realtime/topics.ts';
import { connect } from './client.ts';
import { openWorld, token } from './world.ts';

let world: Awaited<ReturnType<typeof openWorld>>;
let url: string;
beforeAll(async () => {
  world = await openWorld();
  ({ url } = await world.serve());
});
afterAll(() => world?.close());

const page = async (who: Parameters<typeof token>[0] = {}, ttl?: string) => {
  const client = await connect(url);
  return { client, welcome: await client.hello({ token: await token(who, ttl) }) };
};

describe('hello', () => {
  test('is answered by welcome', async () => {
    const { welcome } = await page({ sub: 'asha', store: 'acme' });
    expect(welcome).toEqual({
      type: 'welcome',
      sessionId: expect.stringMatching(/^ses_/),
      store: 'acme',
      agentId: 'asha',
      now: expect.stringMatching(/Z$/),
      heartbeatMs: 200,
      tokenExpiresAt: expect.stringMatching(/Z$/),
      callSocket: 'none',
      fence: 0,
    });
    expect(Math.abs(Date.parse(welcome.now) - Date.now())).toBeLessThan(5_000);
    expect(Date.parse(welcome.tokenExpiresAt) - Date.now()).toBeGreaterThan(3_500_000);
  });

  test('that does not come in time ends the socket with 4101', async () => {
    const impatient = await world.serve({ limits: { helloMs: 50 } });
    const client = await connect(impatient.url);
    expect(await client.closed).toEqual({ code: 4101, reason: 'token' });
  });

  test('in time keeps the socket open beyond the time for it', async () => {
    const impatient = await world.serve({ limits: { helloMs: 400, heartbeatMs: 100 } });
    const client = await connect(impatient.url);
    await client.hello({ token: await token() });
    await client.until(() => client.frames.filter(({ type }) => type === 'heartbeat').length >= 6);
  });

  test.each([
    ['a forged token', { type: 'hello', token: 'eyJhbGciOiJIUzI1NiJ9.e30.x', tab: 't' }, 'auth.invalid_token'],
    ['no token', { type: 'hello', tab: 't' }, 'frame.invalid'],
    ['another frame first', { type: 'subscribe', id: 's1', topic: 'tickets' }, 'hello.required'],
    ['a ping first', { type: 'ping' }, 'hello.required'],
  ])('with %s is answered by an error and 4101', async (_, frame, code) => {
    const client = await connect(url);
    client.send(frame);
    expect(await client.frame(({ type }) => type === 'error')).toMatchObject({ code });
    expect(await client.closed).toMatchObject({ code: 4101 });
  });

  test('with an expired token is answered by an error and 4101', async () => {
    const client = await connect(url);
    client.send({ type: 'hello', tab: 't', token: await token({}, '-1s') });
    expect(await client.frame(({ type }) => type === 'error')).toMatchObject({
      re: 'hello',
      code: 'auth.invalid_token',
    });
    expect(await client.closed).toMatchObject({ code: 4101 });
  });

  test('once is enough', async () => {
    const { client } = await page();
    client.send({ type: 'hello', tab: 't', token: await token() });
    expect(await client.frame(({ type }) => type === 'error')).toMatchObject({ re: 'hello', code: 'hello.repeated' });
  });
});

describe('a token', () => {
  test('that runs out ends the socket with 4101', async () => {
    const { client } = await page({}, '1s');
    expect(await client.closed).toEqual({ code: 4101, reason: 'token' });
  });

  test('is renewed by auth', async () => {
    const { client, welcome } = await page({}, '2s');
    client.send({ type: 'auth', token: await token({}, '1h') });
    const renewed = await client.frame((frame) => frame.type === 'welcome' && frame !== welcome);
    expect(Date.parse(renewed.tokenExpiresAt)).toBeGreaterThan(Date.parse(welcome.tokenExpiresAt));
    const after = Date.parse(welcome.tokenExpiresAt) + 300;
    await client.frame(({ type, now }) => type === 'heartbeat' && Date.parse(now) > after);
  });

  test('of somebody else does not renew', async () => {
    const { client } = await page({ sub: 'asha' });
    client.send({ type: 'auth', token: await token({ sub: 'ben' }) });
    expect(await client.frame(({ type }) => type === 'error')).toMatchObject({
      re: 'auth',
      code: 'auth.other_identity',
    });
  });

  test('with a lesser role ends the subscriptions that it does not allow', async () => {
    const { client } = await page({ role: 'agent' });
    await client.subscribe('s1', 'inbox');
    await client.subscribe('s2', 'tickets');
    client.send({ type: 'auth', token: await token({ role: 'auditor' }) });
    expect(await client.frame(({ type }) => type === 'gone')).toEqual({
      type: 'gone',
      id: 's1',
      code: 'topic.forbidden',
    });
  });
});

describe('a bad frame', () => {
  test.each([
    ['not JSON', '{"type":', null, 'frame.unknown'],
    ['not an object', '17', null, 'frame.unknown'],
    ['null', 'null', null, 'frame.unknown'],
    ['of no type', '{"id":"s1"}', 's1', 'frame.unknown'],
    ['of an unknown type', '{"type":"subscribr"}', 'subscribr', 'frame.unknown'],
    ['with an unknown field', '{"type":"ping","x":1}', 'ping', 'frame.invalid'],
    [
      'with a broken place',
      '{"type":"subscribe","id":"s1","topic":"tickets","from":{"epoch":"e","position":"-1"}}',
      's1',
      'frame.invalid',
    ],
    ['claiming nothing', '{"type":"claim"}', 'claim', 'claim.no_call_socket'],
    ['acknowledging nothing', '{"type":"offer-ack","offerId":"o"}', 'offer-ack', 'offer.unknown'],
  ])('(%s) is answered by an error and changes nothing', async (_, text, re, code) => {
    const { client } = await page();
    client.send(text);
    expect(await client.frame(({ type }) => type === 'error')).toMatchObject({ re, code, detail: expect.any(String) });
    await client.subscribe('s2', 'tickets');
  });

  test('in a batch does not spoil the others', async () => {
    const { client } = await page();
    client.send([{ type: 'nonsense' }, { type: 'subscribe', id: 's1', topic: 'tickets' }]);
    await client.frame(({ type }) => type === 'error');
    await client.frame(({ type, id }) => type === 'caught-up' && id === 's1');
  });

  test('larger than a frame may be ends the socket', async () => {
    const { client } = await page();
    client.send({ type: 'hello', token: 'x'.repeat(70_000) });
    expect(await client.closed).toMatchObject({ code: 1006 });
  });
});

describe('a heartbeat', () => {
  test('tells the head of every subscription, and how far the quiet ones are', async () => {
    const { client } = await page({ store: 'beats' });
    const replica = await client.subscribe('s1', 'tickets');
    const doc = { ticketId: 't1', status: 'open', lastActivityAt: 1 };
    await world.writer.write({ projection: tickets, store: 'beats', key: 't1', doc });
    await client.until(() => replica.rows.has('t1'));
    const head = replica.place!.position;
    const reached = await world.writer.write({ projection: tickets, store: 'elsewhere', key: 't2', doc });
    const beat = await client.frame(({ type, position }) => type === 'heartbeat' && BigInt(position) >= reached);
    expect(beat.heads).toEqual({ s1: head });
  });

  test('tells a page without subscriptions up to where every read model is told', async () => {
    const { client } = await page({ store: 'quiet' });
    const some = shownReadModels.map((projection) => ({ projection, store: 'elsewhere', key: 'k', doc: { at: 1 } }));
    const reached = await world.writer.write(...some);
    const beat = await client.frame(({ type, position }) => type === 'heartbeat' && BigInt(position) >= reached);
    expect(beat).toMatchObject({ position: `${reached}`, heads: {} });
  });

  test('answers a ping at once', async () => {
    const slow = await world.serve({ limits: { heartbeatMs: 60_000 } });
    const client = await connect(slow.url);
    await client.hello({ token: await token() });
    client.send({ type: 'ping' });
    await client.frame(({ type }) => type === 'heartbeat');
  });
});

describe('the server', () => {
  test('that stops tells every socket to connect elsewhere and takes no new one', async () => {
    const leaving = await world.serve();
    const clients = await Promise.all([connect(leaving.url), connect(leaving.url)]);
    await clients[0]!.hello({ token: await token() });
    await leaving.stop();
    for (const { closed } of clients) expect(await closed).toEqual({ code: 4100, reason: 'draining' });
    await expect(connect(leaving.url)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('stops although a client does not answer', async () => {
    const leaving = await world.serve();
    const client = await connect(leaving.url);
    client.socket.pause();
    await leaving.stop();
    await expect(connect(leaving.url)).rejects.toThrow(/ECONNREFUSED/);
    client.socket.terminate();
  });

  test('stops with the signal it was given', async () => {
    const ending = new AbortController();
    const leaving = await world.serve({ signal: ending.signal });
    const client = await connect(leaving.url);
    ending.abort();
    expect(await client.closed).toMatchObject({ code: 4100 });
  });

  test('says that a port is taken', async () => {
    const { port } = new URL(url);
    await expect(world.serve({ port: Number(port) })).rejects.toThrow(/cannot listen.*REALTIME_PORT/);
  });

  test.each([
    ['https://desk.example', true],
    ['https://evil.example', false],
    [undefined, true],
  ])('with a list of origins and a client from %s: connects %s', async (origin, isWelcome) => {
    const strict = await world.serve({ origins: ['https://desk.example'] });
    const connecting = connect(strict.url, origin === undefined ? {} : { origin });
    if (isWelcome) await (await connecting).close();
    else await expect(connecting).rejects.toThrow(/403/);
  });

  test('answers what is not a WebSocket', async () => {
    const answer = await fetch(url.replace('ws:', 'http:'));
    expect(answer.status).toBe(426);
  });
});
