import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { metaError } from './meta.ts';
import { delivery, message } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world, ['ana', 'ben']);
});
afterAll(() => world.stop());

const position = expect.stringMatching(/^\d+$/);

describe('permission requests', () => {
  const pathOf = (customer: string) => `/v1/channels/${care.channelId}/customers/${customer}/permission-requests`;
  const template = { name: 'may_we_call', language: 'en', parameters: ['SYN-1'] };
  const streamOf = async (waId: string) =>
    `permission-${care.channelId}.${(await world.w.directory.find(care.store, waId))?.customerId}`;

  test('by template reach a customer never seen before', async () => {
    const waId = fresh.number();
    const answer = await world.ask(care.as('ana'), pathOf(waId), { method: 'template', template });
    expect(answer).toMatchObject({ status: 201, body: { requestId: expect.any(String), position } });
    const { requestId } = answer.body;
    expect(await world.eventsOf(await streamOf(waId))).toMatchObject([
      { type: 'PermissionRequested', requestId, method: 'template', template: { name: 'may_we_call', language: 'en' } },
      { type: 'PermissionRequestSent', requestId, messageId: expect.stringMatching(/^wamid/) },
    ]);
    expect(world.meta.askedAbout(requestId)).toMatchObject([{ body: { to: waId, type: 'template' } }]);
    expect(await world.ask(care.as('ana'), pathOf(waId), { method: 'template', template })).toMatchObject({
      status: 409,
      body: { code: 'permission.request_limit_24h', nextAllowedAt: '2026-11-21T09:00:00.000Z' },
    });
  });

  test('in free form need an open service window', async () => {
    const waId = fresh.number();
    const ask = () => world.ask(care.as('ana'), pathOf(waId), { method: 'free_form', body: 'May we call?' });
    expect(await ask()).toMatchObject({ status: 409, body: { code: 'permission.window_closed' } });
    const written = { channelId: care.channelId, waId, id: 'wamid.1', at: world.clock.now / 1_000 };
    await world.deliver(delivery(message(written)));
    expect(await ask()).toMatchObject({ status: 201 });
  });

  test.each([
    [138009, 'permission.request_limit_24h', ['PermissionRequestRefused', 'MetaDisagreed']],
    [138017, 'permission.already_permanent', ['PermissionRequestRefused', 'MetaDisagreed', 'PermissionGranted']],
    [131026, 'customer.unreachable', ['PermissionRequestRefused']],
    [131047, 'permission.window_closed', ['PermissionRequestRefused']],
  ])('that Meta refuses (%i) are told as %s and do not count', async (code, refused, types) => {
    const waId = fresh.number();
    world.meta.answerNext(metaError(400, code));
    const answer = await world.ask(care.as('ana'), pathOf(waId), { method: 'template', template });
    expect(answer).toMatchObject({ status: 409, body: { code: refused } });
    expect((await world.typesIn(await streamOf(waId))).slice(1)).toEqual(types);
  });

  test('whose fate nobody knows count, and are not sent again', async () => {
    const waId = fresh.number();
    world.meta.answerNext('drop');
    const ask = () => world.ask(care.as('ana'), pathOf(waId), { method: 'template', template });
    expect(await ask()).toMatchObject({ status: 201 });
    expect(await ask()).toMatchObject({ status: 409, body: { code: 'permission.request_limit_24h' } });
    expect(world.meta.askedAbout(waId)).toHaveLength(1);
  });

  test.each([
    ['an unknown method', { method: 'pigeon' }],
    ['a template without a language', { method: 'template', template: { name: 'x' } }],
    ['a free text with a template', { method: 'free_form', template }],
    ['an empty text', { method: 'free_form', body: '' }],
    ['a free text with a header', { method: 'free_form', body: 'May we call?', header: 'Hello' }],
    ['a free text with a footer', { method: 'free_form', body: 'May we call?', footer: 'Bye' }],
  ])('%s is refused', async (_, body) => {
    expect(await world.ask(care.as('ana'), pathOf(fresh.number()), body)).toMatchObject({ status: 422 });
  });

  test('on another store’s number, or to somebody unnamed, are not found', async () => {
    const other = await openStore(world, []);
    const path = pathOf(fresh.number()).replace(care.channelId, other.channelId);
    expect(await world.ask(care.as('ana'), path, { method: 'template', template })).toMatchObject({ status: 404 });
    const nobody = pathOf(`cus_${'a'.repeat(26)}`);
    expect(await world.ask(care.as('ana'), nobody, { method: 'template', template })).toMatchObject({ status: 404 });
  });
});

test.each([
  [{ channelId: 'no channel!', customer: '910000000042' }, 'body.channelId'],
  [{ channelId: '8', customer: 'Asha' }, 'body.customer'],
  [{ channelId: '8' }, 'body.customer'],
  [{ channelId: '8', customer: '910000000042', sdpOfer: 'v=0' }, 'did you mean "sdpOffer"'],
])('a call needs a channel and a customer (%j), and says so: %s', async (body, detail) => {
  expect(await world.ask(care.as('ana'), '/v1/calls', body)).toMatchObject({
    status: 422,
    body: { code: 'request.invalid', detail: expect.stringContaining(detail) },
  });
});

test.each([
  ['x-socket-fence', 'first'],
  ['idempotency-key', 'x'.repeat(256)],
])('a strange %s is refused', async (header, value) => {
  const answer = await world.ask(care.as('ana'), '/v1/calls/1/end', {}, { headers: { [header]: value } });
  expect(answer).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
});
