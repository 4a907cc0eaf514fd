import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { refuse } from '../../domain/decider.ts';
import { httpApp } from '../../http/app.ts';
import { signToken, tokenVerifier } from '../../http/caller.ts';
import { type Route, readers, route, staff } from '../../http/route.ts';

const secret = 'a secret of the tests, long enough for HS256';
const opensAt = Date.parse('2026-03-01T10:00:00Z');

const routes: Route[] = [
  route({
    method: 'put',
    path: '/v1/things/:thingId',
    summary: 'Change a thing',
    roles: ['admin'],
    params: { thingId: z.string().regex(/^\d+$/, 'digits') },
    query: { verbose: z.enum(['yes', 'no']).optional() },
    body: z.strictObject({
      name: z.string(),
      ringSeconds: z.int().max(60).default(30),
      hours: z.array(z.strictObject({ opensAt: z.string().optional() })).nullish(),
      route: z.union([z.strictObject({ team: z.string() }), z.strictObject({ agent: z.string() })]).optional(),
    }),
    handle: async ({ params, query, body }) => ({ status: 201, body: { ...params, ...query, ...body } }),
  }),
  route({
    method: 'get',
    path: '/v1/whoami',
    summary: 'Who asks',
    roles: readers,
    handle: async ({ caller, requestId }) => ({ body: { ...caller, requestId } }),
  }),
  route({
    method: 'post',
    path: '/v1/closed',
    summary: 'Always too early',
    roles: staff,
    handle: async () => refuse('channel.outside_hours', { retryAt: opensAt, facts: { zone: 'Asia/Kolkata' } }),
  }),
  route({
    method: 'post',
    path: '/v1/strange',
    summary: 'Knows nobody',
    roles: staff,
    handle: async () => refuse('customer.unknown'),
  }),
  route({
    method: 'get',
    path: '/v1/broken',
    summary: 'Fails',
    roles: staff,
    handle: async () => {
      throw new Error('the password of the store is hunter2');
    },
  }),
  route({
    method: 'get',
    path: '/v1/away',
    summary: 'Cannot be reached',
    roles: staff,
    handle: async () => {
      throw new Error('away');
    },
  }),
  route({
    method: 'get',
    path: '/v1/stream',
    summary: 'Streams',
    roles: readers,
    handle: async () => ({ headers: { 'Content-Type': 'text/csv' }, body: Readable.from(['a,b\n', '1,2\n']) }),
  }),
];

let server: Server;
let url: string;
const logged: { requestId?: string; err?: { message: string } }[] = [];

beforeAll(async () => {
  const app = httpApp({
    routes,
    verify: tokenVerifier({ secret }),
    logger: pino({ level: 'error' }, { write: (line) => void logged.push(JSON.parse(line)) }),
    isOutage: (fault) => fault instanceof Error && fault.message === 'away',
    ratePerMinute: 40,
    maxBody: 200,
  });
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

type Asking = { role?: (typeof readers)[number]; sub?: string; token?: string | null } & RequestInit;

let people = 0;
/** Asks as somebody who has not asked before, so that no test uses up the rate of another. */
const ask = async (path: string, { role = 'admin', sub, token, headers, ...init }: Asking = {}) => {
  const own = await signToken(secret, { sub: sub ?? `person-${people++}`, store: 'acme', role });
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token ?? own}` };
  const response = await fetch(url + path, { ...init, headers: { ...authorization, ...headers } });
  return { status: response.status, headers: response.headers, body: await response.json() };
};
const change = (body: unknown, path = '/v1/things/7') => ask(path, { method: 'PUT', body: JSON.stringify(body) });

const tokenOf = (claims: Record<string, unknown>, key = secret, expires = '1h') =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(key));

const claims = { sub: 'asha', store: 'acme', role: 'agent' };

describe('identity', () => {
  test.each([
    ['no token', null, 'auth.token_missing'],
    ['no token after "Bearer"', '', 'auth.token_missing'],
    ['what is no token', 'nonsense', 'auth.invalid_token'],
    ['a token of another secret', tokenOf(claims, 'another secret, quite long enough too'), 'auth.invalid_token'],
    ['an expired token', tokenOf(claims, secret, '-1s'), 'auth.invalid_token'],
    ['a token without a store', tokenOf({ sub: 'asha', role: 'agent' }), 'auth.invalid_token'],
    ['a token of no known role', tokenOf({ ...claims, role: 'king' }), 'auth.invalid_token'],
    ['a token whose store could break a key', tokenOf({ ...claims, store: 'a/b' }), 'auth.invalid_token'],
    ['an unsigned token', `${btoa('{"alg":"none"}')}.${btoa(JSON.stringify(claims))}.`, 'auth.invalid_token'],
  ])('refuses %s with 401 and how to identify', async (_, token, code) => {
    const { status, headers, body } = await ask('/v1/whoami', { token: await token });
    expect({ status, code: body.code }).toEqual({ status: 401, code });
    expect(headers.get('www-authenticate')).toBe('Bearer');
  });

  test('says of an expired token that it has expired', async () => {
    const { body } = await ask('/v1/whoami', { token: await tokenOf(claims, secret, '-1s') });
    expect(body.detail).toMatch(/expired/);
  });

  test('tells the handler who asks', async () => {
    const sales = { ...claims, store: 'acme-shoes_2', teams: ['sales'] };
    const { body } = await ask('/v1/whoami', { token: await tokenOf(sales) });
    expect(body).toMatchObject(sales);
  });

  test.each([
    ['admin', 201],
    ['team_manager', 403],
    ['agent', 403],
    ['auditor', 403],
    ['analyst', 403],
  ] as const)('lets the role %s change a thing: %i', async (role, status) => {
    const answer = await ask('/v1/things/7', { role, method: 'PUT', body: '{"name":"x"}' });
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body).toMatchObject({ code: 'auth.role', detail: expect.stringContaining(role) });
  });
});

describe('validation', () => {
  test('hands over what was sent, with defaults', async () => {
    const { status, body } = await change({ name: 'x' }, '/v1/things/7?verbose=yes');
    expect({ status, body }).toEqual({
      status: 201,
      body: { thingId: '7', verbose: 'yes', name: 'x', ringSeconds: 30 },
    });
  });

  test.each([
    [
      'an unknown field',
      { name: 'x', ringSecond: 5 },
      '/v1/things/7',
      'unknown "ringSecond", did you mean "ringSeconds"?',
    ],
    ['a field like no other', { name: 'x', colour: 5 }, '/v1/things/7', 'body: unknown "colour".'],
    [
      'an unknown field within',
      { name: 'x', hours: [{}, { openAt: '10:00' }] },
      '/v1/things/7',
      'body: unknown "hours.1.openAt", did you mean "opensAt"?',
    ],
    [
      'an unknown field of one of two shapes',
      { name: 'x', route: { agnet: 'asha' } },
      '/v1/things/7',
      'body: unknown "route.agnet", did you mean "agent"?',
    ],
    ['an unknown parameter', { name: 'x' }, '/v1/things/7?verbos=yes', 'unknown "verbos", did you mean "verbose"?'],
    ['a wrong value', { name: 'x', ringSeconds: 61 }, '/v1/things/7', 'body.ringSeconds: '],
    ['a missing field', {}, '/v1/things/7', 'body.name: '],
    ['a wrong part of the path', { name: 'x' }, '/v1/things/seven', 'path.thingId: digits'],
    ['a value that is not offered', { name: 'x' }, '/v1/things/7?verbose=maybe', 'query.verbose: '],
    ['a body that is a list', [], '/v1/things/7', 'body: '],
  ])('names %s', async (_, sent, path, says) => {
    const { status, body } = await change(sent, path);
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'request.invalid' });
    expect(body.detail).toContain(says);
  });

  test('does not call unknown what another shape knows', async () => {
    const { body } = await change({ name: 'x', route: { team: 'sales', agent: 'asha' } });
    expect(body.errors).toEqual(['body.route: Invalid input']);
  });

  test('names every fault of a body at once', async () => {
    const { body } = await change({ nam: 'x', ringSeconds: 99 });
    expect(body.errors).toHaveLength(3);
  });

  test('refuses a body that is not JSON', async () => {
    const { status, body } = await ask('/v1/things/7', { method: 'PUT', body: '{"name":' });
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'request.malformed' });
  });

  test.each([
    [200, 201],
    [201, 413],
  ])('a body of %i bytes is answered %i', async (bytes, status) => {
    const answer = await change({ name: 'x'.repeat(bytes - '{"name":""}'.length) });
    expect(answer.status).toBe(status);
    if (status === 413) expect(answer.body.code).toBe('request.too_large');
  });

  test('reads no body before it knows who asks', async () => {
    const { status } = await ask('/v1/things/7', { method: 'PUT', body: '{"name":', token: null });
    expect(status).toBe(401);
  });
});

describe('request ids', () => {
  test('are taken from the client', async () => {
    const { headers, body } = await ask('/v1/whoami', { headers: { 'x-request-id': 'page.7:a-b_c' } });
    expect([headers.get('x-request-id'), body.requestId]).toEqual(['page.7:a-b_c', 'page.7:a-b_c']);
  });

  test.each([undefined, 'has spaces', 'x'.repeat(129)])('are made when the client sends %j', async (given) => {
    const { headers } = await ask('/v1/whoami', given === undefined ? {} : { headers: { 'x-request-id': given } });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('stand on refusals too', async () => {
    const { headers } = await ask('/v1/whoami', { token: null, headers: { 'x-request-id': 'mine' } });
    expect(headers.get('x-request-id')).toBe('mine');
  });
});

describe('answers', () => {
  test.each([
    ['POST', '/v1/whoami', 'GET, HEAD'],
    ['DELETE', '/v1/things/7', 'PUT'],
    ['OPTIONS', '/v1/closed', 'POST'],
  ])('%s of %s is 405 with what it takes: %s', async (method, path, allow) => {
    const { status, headers, body } = await ask(path, { method, token: null });
    expect({ status, allow: headers.get('allow'), code: body.code }).toEqual({
      status: 405,
      allow,
      code: 'request.method',
    });
  });

  test('a refusal is 409 with its code, its facts and when it is allowed again', async () => {
    const { status, headers, body } = await ask('/v1/closed', { method: 'POST' });
    expect(status).toBe(409);
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(body).toEqual({
      type: 'urn:ringbook:problem:channel.outside_hours',
      title: 'Channel: outside hours',
      status: 409,
      detail: 'Channel: outside hours. Allowed again at 2026-03-01T10:00:00.000Z.',
      code: 'channel.outside_hours',
      zone: 'Asia/Kolkata',
      nextAllowedAt: '2026-03-01T10:00:00.000Z',
    });
  });

  test('what is unknown is 404', async () => {
    const { status, body } = await ask('/v1/strange', { method: 'POST' });
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'not_found' });
  });

  test('an address that does not exist is a 404 problem', async () => {
    const { status, headers, body } = await ask('/v1/nowhere');
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'not_found' });
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });

  test('a fault of ours hides its message and is logged with the request id', async () => {
    const { status, body } = await ask('/v1/broken', { headers: { 'x-request-id': 'broken-1' } });
    expect({ status, code: body.code }).toEqual({ status: 500, code: 'internal' });
    expect(JSON.stringify(body)).not.toContain('hunter2');
    const entry = logged.find(({ requestId }) => requestId === 'broken-1');
    expect(entry?.err?.message).toContain('hunter2');
  });

  test('a fault that will pass says so, and when to ask again', async () => {
    const { status, headers, body } = await ask('/v1/away');
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'storage.unavailable' });
    expect(headers.get('retry-after')).toBe('5');
  });

  test('a stream goes out as it comes, with its own content type', async () => {
    const token = await tokenOf(claims);
    const response = await fetch(`${url}/v1/stream`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(await response.text()).toBe('a,b\n1,2\n');
  });

  test('do not tell what the server is made of', async () => {
    const { headers } = await ask('/v1/whoami');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});

test('the 41st request of a token in a minute is refused, with when to come back; another token is served', async () => {
  const asha = () => ask('/v1/whoami', { sub: 'busy' });
  const served = await Promise.all(Array.from({ length: 40 }, asha));
  expect(served.map(({ status }) => status)).toEqual(served.map(() => 200));
  expect(served[0]!.headers.get('ratelimit-policy')).toMatch(/q=40; w=60/);
  const { status, headers, body } = await asha();
  expect({ status, code: body.code }).toEqual({ status: 429, code: 'request.rate_limited' });
  expect(headers.get('ratelimit')).toMatch(/r=0; t=\d+/);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await ask('/v1/whoami', { sub: 'calm' })).status).toBe(200);
});
