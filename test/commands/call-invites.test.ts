import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { metaError } from './meta.ts';
import { delivery, message, messageStatus, restriction } from './whatsapp/samples.ts';
import { calling, fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world);
});
afterAll(() => world?.stop());

const template = { name: 'call_us', language: 'en', parameters: ['SYN-1'] };
const byTemplate = { method: 'template', template };
const pathOf = (waId: string, channelId = care.channelId) => `/v1/channels/${channelId}/customers/${waId}/call-invites`;
const invite = (waId: string, body: object = byTemplate, headers: Record<string, string> = {}) =>
  world.ask(care.as('ana'), pathOf(waId), body, { headers });
const writes = (waId: string) => {
  const written = { channelId: care.channelId, waId, id: `wamid.${waId}`, at: world.clock.now / 1_000 };
  return world.deliver(delivery(message(written)));
};
const streamOf = async (waId: string) =>
  `conversation-${care.channelId}.${(await world.w.directory.find(care.store, waId))?.customerId}`;
const invitesIn = async (waId: string) =>
  (await world.eventsOf(await streamOf(waId))).filter(({ type }) => type.startsWith('CallInvite'));
const typesOf = async (waId: string) => (await invitesIn(waId)).map(({ type }) => type);

describe('inviting a customer to call', () => {
  test('by template reaches one never seen before, from a ticket that is opened for it', async () => {
    const waId = fresh.number();
    const answer = await invite(waId, { ...byTemplate, displayText: 'Not of use', ttlMinutes: 90 });
    const { inviteId, position } = answer.body;
    expect(answer).toMatchObject({ status: 201, body: { inviteId: expect.any(String) } });
    expect(position).toMatch(/^\d+$/);
    const [invited, sent] = await invitesIn(waId);
    expect(invited).toMatchObject({
      ...{ type: 'CallInvited', inviteId, method: 'template', template: { name: 'call_us', language: 'en' } },
      ...{ body: null, displayText: null, ttlMinutes: 90, agentId: 'ana' },
      expiresAt: world.clock.now + 90 * 60_000,
    });
    expect(sent).toMatchObject({ type: 'CallInviteSent', inviteId, messageId: expect.stringMatching(/^wamid/) });
    const { ticketId } = invited as { ticketId?: string };
    expect(await world.eventsOf(`ticket-${ticketId}`)).toMatchObject([
      { type: 'TicketOpened', because: 'call_invite' },
    ]);
    expect(world.meta.askedAbout(inviteId)).toMatchObject([{ body: { to: waId, type: 'template' } }]);
  });

  test('in free form needs an open service window, and says something where the agent says nothing', async () => {
    const waId = fresh.number();
    expect(await invite(waId, { method: 'free_form' })).toMatchObject({
      status: 409,
      body: { code: 'conversation.window_closed' },
    });
    expect(await world.eventsOf(await streamOf(waId))).toEqual([]);
    await writes(waId);
    const { status, body } = await invite(waId, { method: 'free_form' });
    expect(status).toBe(201);
    const words = {
      body: 'You can call us on WhatsApp: tap the button below.',
      displayText: 'Call on WhatsApp',
      ttlMinutes: 10_080,
    };
    expect(await invitesIn(waId)).toMatchObject([{ method: 'free_form', ...words }, {}]);
    expect(world.meta.askedAbout(body.inviteId)).toMatchObject([
      { body: { interactive: { body: { text: words.body }, action: { parameters: { payload: body.inviteId } } } } },
    ]);
  });

  test('joins the open ticket, and is not limited', async () => {
    const waId = fresh.number();
    await invite(waId);
    await invite(waId);
    expect(await typesOf(waId)).toEqual(['CallInvited', 'CallInviteSent', 'CallInvited', 'CallInviteSent']);
    expect(new Set((await invitesIn(waId)).map((event) => 'ticketId' in event && event.ticketId)).size).toBe(1);
  });

  test('with one key is done once', async () => {
    const waId = fresh.number();
    const key = { 'idempotency-key': `invite ${waId}` };
    const [first, again] = [await invite(waId, byTemplate, key), await invite(waId, byTemplate, key)];
    expect(again).toMatchObject({ status: 201, body: first.body });
    expect(world.meta.askedAbout(waId)).toHaveLength(1);
    expect(await invite(waId, { ...byTemplate, ttlMinutes: 5 }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency.key_reused' },
    });
  });

  test.each([
    [131026, 'customer.unreachable'],
    [131047, 'conversation.window_closed'],
    [138000, 'channel.calling_disabled'],
    [131009, 'meta.refused'],
  ])('that Meta refuses (%i) is told as %s', async (metaErrorCode, code) => {
    const waId = fresh.number();
    world.meta.answerNext(metaError(400, metaErrorCode));
    expect(await invite(waId)).toMatchObject({ status: 409, body: { code, metaErrorCode } });
    expect(await invitesIn(waId)).toMatchObject([
      { type: 'CallInvited' },
      { type: 'CallInviteRefused', metaErrorCode },
    ]);
  });

  test('whose fate nobody knows stands, and is not sent again', async () => {
    const waId = fresh.number();
    const key = { 'idempotency-key': `invite ${waId}` };
    world.meta.answerNext('drop');
    expect(await invite(waId, byTemplate, key)).toMatchObject({ status: 201 });
    expect(await invite(waId, byTemplate, key)).toMatchObject({ status: 201 });
    expect(await typesOf(waId)).toEqual(['CallInvited']);
    expect(world.meta.askedAbout(waId)).toHaveLength(1);
  });

  test.each([
    ['an unknown method', { method: 'pigeon' }],
    ['a template without a language', { method: 'template', template: { name: 'x' } }],
    ['a free text with a template', { method: 'free_form', template }],
    ['an empty text', { method: 'free_form', body: '' }],
    ['an empty button', { method: 'free_form', displayText: ' ' }],
    ['a button of 21 characters', { method: 'free_form', displayText: 'x'.repeat(21) }],
    ['a button of no minute', { ...byTemplate, ttlMinutes: 0 }],
    ['a button of 43,201 minutes', { ...byTemplate, ttlMinutes: 43_201 }],
    ['a mistyped field', { ...byTemplate, ttlMinute: 5 }],
  ])('%s is refused', async (_, body) => {
    expect(await invite(fresh.number(), body)).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
  });

  test.each([
    ['20 characters and 43,200 minutes', { displayText: 'x'.repeat(20), ttlMinutes: 43_200 }],
    ['1 character and 1 minute', { displayText: 'x', ttlMinutes: 1 }],
    ['a text left open', { body: null }],
  ])('%s are taken', async (_, more) => {
    const waId = fresh.number();
    await writes(waId);
    expect(await invite(waId, { method: 'free_form', ...more })).toMatchObject({ status: 201 });
  });

  test('from another store’s number, or to somebody unnamed, is not found', async () => {
    const other = await openStore(world, []);
    const strange = pathOf(fresh.number(), other.channelId);
    expect(await world.ask(care.as('ana'), strange, byTemplate)).toMatchObject({ status: 404 });
    expect(await invite(`cus_${'a'.repeat(26)}`)).toMatchObject({ status: 404 });
  });

  test('is not for those who only read', async () => {
    const auditor = { sub: 'eve', store: care.store, role: 'auditor' } as const;
    expect(await world.ask(auditor, pathOf(fresh.number()), byTemplate)).toMatchObject({ status: 403 });
  });
});

describe('from a number that nobody can call', () => {
  test.each([
    ['calling is off', { ...calling, enabled: false }],
    ['incoming calls are off', { ...calling, userInitiated: { ...calling.userInitiated, enabled: false } }],
  ])('nobody is invited while %s', async (_, settings) => {
    const shop = await openStore(world);
    await world.ask(shop.owner, `PUT /v1/channels/${shop.channelId}/calling`, settings);
    const answer = await world.ask(shop.as('ana'), pathOf(fresh.number(), shop.channelId), byTemplate);
    expect(answer).toMatchObject({ status: 409, body: { code: 'channel.calling_disabled' } });
  });

  test('nobody is invited until Meta’s restriction ends, whatever the hours', async () => {
    const shop = await openStore(world);
    const until = world.clock.now / 1_000 + 3_600;
    await world.deliver(delivery(restriction(shop.phone, 'RESTRICTED_USER_INITIATED_CALLING', until)));
    expect(await world.ask(shop.as('ana'), pathOf(fresh.number(), shop.channelId), byTemplate)).toMatchObject({
      status: 409,
      body: { code: 'channel.calling_disabled', nextAllowedAt: new Date(until * 1_000).toISOString() },
    });
    const closed = { timezone: 'UTC', weekly: [] };
    const hours = { ...calling, userInitiated: { enabled: true, workingHours: closed, holidays: [] } };
    const other = await openStore(world);
    await world.ask(other.owner, `PUT /v1/channels/${other.channelId}/calling`, hours);
    expect(await world.ask(other.as('ana'), pathOf(fresh.number(), other.channelId), byTemplate)).toMatchObject({
      status: 201,
    });
  });
});

describe('what Meta says of an invite', () => {
  test.each([
    ['sent', []],
    ['delivered', ['CallInviteDelivered']],
    ['read', ['CallInviteDelivered']],
    ['failed', ['CallInviteUndelivered']],
  ])('finds it by our id and by Meta’s: %s', async (status, types) => {
    const waId = fresh.number();
    const { inviteId } = (await invite(waId)).body;
    const [, sent] = await invitesIn(waId);
    const { messageId = '' } = sent as { messageId?: string };
    const about = { channelId: care.channelId, waId };
    const ours = { biz_opaque_callback_data: inviteId };
    await world.deliver(delivery(messageStatus({ ...about, id: 'wamid.other' }, status, ours)));
    expect((await typesOf(waId)).slice(2)).toEqual(types);
    await world.deliver(delivery(messageStatus({ ...about, id: messageId }, status)));
    expect((await typesOf(waId)).slice(2)).toEqual(types);
  });

  test('of another customer’s changes nothing', async () => {
    const [waId, other] = [fresh.number(), fresh.number()];
    const { inviteId } = (await invite(waId)).body;
    await invite(other);
    const status = messageStatus({ channelId: care.channelId, waId: other, id: 'wamid.other' }, 'delivered', {
      biz_opaque_callback_data: inviteId,
    });
    await world.deliver(delivery(status));
    expect(await typesOf(waId)).toEqual(['CallInvited', 'CallInviteSent']);
    expect(await typesOf(other)).toEqual(['CallInvited', 'CallInviteSent']);
  });
});
