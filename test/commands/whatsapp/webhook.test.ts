import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setAsideDeliveries } from '../../../commands/collections.ts';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { setAsideCounts } from '../../../commands/whatsapp/set-aside.ts';
import { call } from '../../../domain/call.ts';
import { escaped, fresh, openStore, secrets, sign, startWorld, type World } from '../world.ts';
import {
  began,
  delivery,
  incoming,
  message,
  messageStatus,
  outgoing,
  permissionReply,
  restriction,
  violation,
} from './samples.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world);
});
afterAll(() => world.stop());

/** A new customer of a store's channel, with one incoming call of theirs. */
const someone = (channelId = care.channelId) => {
  const [waId, metaCallId] = [fresh.number(), fresh.metaCallId()];
  const stream = `call-${incomingCallId(channelId, metaCallId)}`;
  return { store: care.store, channelId, waId, metaCallId, stream };
};

const customerIdOf = async (store: string, waId: string) =>
  (await world.w.directory.find(store, waId))?.customerId ?? 'nobody';

const setAsideOf = async (about: { waId: string; metaCallId?: string }) =>
  (await setAsideDeliveries(world.db).find().toArray()).filter(({ raw }) =>
    [about.waId, about.metaCallId].some((name) => name !== undefined && raw.includes(name)),
  );

/** An outgoing call that was placed, as far as the log knows. */
const placed = async ({ channelId, waId, store }: { channelId: string; waId: string; store: string }) => {
  const { customerId } = await world.w.directory.identify(store, { waId, bsuid: null, name: null });
  const callId = randomUUID();
  const parties = { channelId, channelName: 'Care', customerId, waId, customerName: null };
  const placing = { agentId: 'ana', agentName: 'ana', team: null, ticketId: randomUUID() };
  await world.w.transact(
    call,
    callId,
    { type: 'PlaceCall', at: began * 1_000, callId, ...parties, ...placing },
    {
      store,
      actor: { type: 'agent', id: 'ana' },
      commandId: randomUUID(),
      $correlationId: callId,
      $causationId: callId,
    },
  );
  return { callId, stream: `call-${callId}` };
};

describe('the handshake', () => {
  const asking = (query: Record<string, string>) => world.get(`/webhooks/whatsapp?${new URLSearchParams(query)}`);
  const right = { 'hub.mode': 'subscribe', 'hub.challenge': '1158201444', 'hub.verify_token': secrets.verifyToken };

  test('answers the challenge to whoever knows the token', async () => {
    expect(await asking(right)).toMatchObject({ status: 200, body: '1158201444' });
  });

  test.each([
    ['another token', { ...right, 'hub.verify_token': 'wrong' }],
    ['no token', { 'hub.mode': 'subscribe', 'hub.challenge': '1' }],
    ['another mode', { ...right, 'hub.mode': 'unsubscribe' }],
    ['no challenge', { 'hub.mode': 'subscribe', 'hub.verify_token': secrets.verifyToken }],
  ])('is refused to %s', async (_, query) => {
    expect(await asking(query)).toMatchObject({ status: 403, body: { code: 'webhook.bad_verify_token' } });
  });
});

describe('the signature', () => {
  test('over the bytes, names beyond ASCII escaped, lets a delivery in', async () => {
    const { stream, ...c } = someone();
    expect((await world.deliver(delivery(incoming.connect(c)))).status).toBe(200);
    expect(await world.eventsOf(stream)).toMatchObject([{ customerName: 'Asha Synthétique' }]);
  });

  test.each([
    ['missing', () => ''],
    ['of other bytes', (bytes: string) => sign(`${bytes} `)],
    ['without its prefix', (bytes: string) => sign(bytes).replace('sha256=', '')],
    ['of the same JSON unescaped', (bytes: string) => sign(JSON.stringify(JSON.parse(bytes)))],
  ])('%s records nothing', async (_, signature) => {
    const { stream, ...c } = someone();
    const bytes = escaped(delivery(incoming.connect(c)));
    expect(await world.post(bytes, signature(bytes))).toMatchObject({
      status: 401,
      body: { code: 'webhook.bad_signature' },
    });
    expect(await world.typesIn(stream)).toEqual([]);
  });

  test('right, over what is no JSON, is answered 400', async () => {
    expect(await world.post('{"entry":')).toMatchObject({ status: 400, body: { code: 'webhook.malformed' } });
  });

  test.each([
    [2_999_990, 200],
    [3_000_001, 413],
  ])('a body of %i bytes is answered %i', async (length, status) => {
    const shell = JSON.stringify({ entry: [], filling: '' });
    const bytes = shell.replace('""', `"${'x'.repeat(length - shell.length)}"`);
    expect(await world.post(bytes)).toMatchObject({ status });
  });
});

describe('an incoming call', () => {
  test('its connect is the call received, at the time Meta says', async () => {
    const { stream, ...c } = someone();
    await world.deliver(delivery(incoming.connect(c)));
    expect(await world.eventsOf(stream)).toMatchObject([
      {
        type: 'CallReceived',
        at: began * 1_000,
        receivedAt: world.clock.now,
        callId: stream.slice('call-'.length),
        channelId: c.channelId,
        channelName: 'Care',
        customerId: await customerIdOf(c.store, c.waId),
        waId: c.waId,
        metaCallId: c.metaCallId,
        seenBy: 'connect',
        sdpOffer: expect.stringContaining('v=0'),
        ctaPayload: 'invite-7781',
      },
    ]);
  });

  test('a terminate with timing is a conversation', async () => {
    const { stream, ...c } = someone();
    await world.deliver(delivery(incoming.connect(c), incoming.completed(c)));
    expect(await world.eventsOf(stream)).toMatchObject([
      { type: 'CallReceived' },
      {
        type: 'CallEnded',
        connectedAt: (began + 12) * 1_000,
        disconnectedAt: (began + 158) * 1_000,
        durationSeconds: 146,
        failed: false,
      },
      { type: 'CallConcluded', status: 'completed', talkSeconds: 146 },
    ]);
  });

  test.each([
    ['beside the call', incoming.failed, 138021],
    ['in the call', (c: never) => incoming.missed(c, { errors: [{ code: 138020 }] }), 138020],
    ['as a string', (c: never) => incoming.missed(c, { errors: [{ code: '138019' }] }), 138019],
    ['as the reason only', (c: never) => incoming.missed(c, { terminate_reason: 'failed' }), null],
    ['as the status only, however it is written', (c: never) => incoming.missed(c, { status: 'Failed' }), null],
  ])('an error %s fails it', async (_, terminate, metaErrorCode) => {
    const { stream, ...c } = someone();
    await world.deliver(delivery(terminate(c as never)));
    expect((await world.eventsOf(stream)).at(-1)).toMatchObject({ type: 'CallEnded', failed: true, metaErrorCode });
  });

  test.each([
    ['numbers for times', { timestamp: began, start_time: began + 12, end_time: began + 158, duration: '146' }],
    ['no start, but a length', { start_time: null, end_time: began + 158, duration: 146 }],
    ['no length, but a start and an end', { duration: undefined }],
  ])('%s are understood', async (_, fields) => {
    const { stream, ...c } = someone();
    await world.deliver(delivery(incoming.completed(c, fields)));
    expect(await world.eventsOf(stream)).toContainEqual(
      expect.objectContaining({ type: 'CallEnded', connectedAt: (began + 12) * 1_000, durationSeconds: 146 }),
    );
  });

  test('of somebody without a number is known by their BSUID', async () => {
    const { stream, channelId, metaCallId, waId } = someone();
    const bare = incoming.connect({ channelId, metaCallId, waId });
    const contacts = [{ profile: { name: 'B. Synthetic', username: 'b.synth' }, user_id: `IN.${waId}` }];
    const calls = bare.value.calls as Record<string, unknown>[];
    const only = calls.map(({ from: _, ...one }) => ({ ...one, from_user_id: `IN.${waId}` }));
    await world.deliver(delivery({ ...bare, value: { ...bare.value, contacts, calls: only } }));
    expect(await world.eventsOf(stream)).toMatchObject([
      { type: 'CallReceived', waId: null, customerName: 'B. Synthetic', customerId: expect.stringMatching(/^cus_/) },
    ]);
  });

  test('without contacts is known by who calls', async () => {
    const { stream, waId, ...c } = someone();
    const { value, ...bare } = incoming.connect({ ...c, waId });
    const { contacts: _, ...without } = value;
    await world.deliver(delivery({ ...bare, value: without }));
    expect(await world.eventsOf(stream)).toMatchObject([{ type: 'CallReceived', waId, customerName: null }]);
  });

  test('the same delivery again, also by another process, records nothing more', async () => {
    const { stream, ...c } = someone();
    const both = delivery(incoming.connect(c), incoming.missed(c));
    await world.deliver(both);
    const once = await world.typesIn(stream);
    await Promise.all([world.deliver(both), world.deliver(both)]);
    expect(await world.typesIn(stream)).toEqual(once);
  });
});

describe('an outgoing call', () => {
  test('is known by our id, then by Meta’s alone', async () => {
    const { metaCallId, ...c } = someone();
    const { callId, stream } = await placed(c);
    const known = { ...c, metaCallId, callId };
    await world.deliver(delivery(outgoing.connect(known), outgoing.ringing(known)));
    await world.deliver(delivery(outgoing.unanswered({ ...c, metaCallId })));
    expect(await world.eventsOf(stream)).toMatchObject([
      { type: 'CallPlaced' },
      { type: 'SdpAnswerReceived', metaCallId, sdpAnswer: expect.stringContaining('v=0') },
      { type: 'CallRinging', at: (began + 3) * 1_000 },
      { type: 'CallEnded', connectedAt: null },
      { type: 'CallConcluded', status: 'unanswered', subStatus: 'no_answer' },
    ]);
  });

  test('a terminate that comes before anybody knows the call waits for the one who does', async () => {
    const { metaCallId, ...c } = someone();
    const { callId, stream } = await placed(c);
    expect((await world.deliver(delivery(outgoing.unanswered({ ...c, metaCallId })))).status).toBe(200);
    expect(await setAsideOf(c)).toMatchObject([{ reason: 'unknown_call' }]);
    await world.deliver(delivery(outgoing.connect({ ...c, metaCallId, callId })));
    expect(await world.typesIn(stream)).toContain('CallConcluded');
    expect(await setAsideOf(c)).toEqual([]);
  });

  test('of one channel is not touched by another’s', async () => {
    const { metaCallId, ...c } = someone();
    const other = await openStore(world, []);
    const { callId, stream } = await placed(c);
    await world.deliver(delivery(outgoing.ringing({ ...c, metaCallId, callId, channelId: other.channelId })));
    expect(await world.typesIn(stream)).toEqual(['CallPlaced']);
    expect(await setAsideOf(c)).toMatchObject([{ reason: 'unknown_call' }]);
  });

  test('given up before Meta’s id was known is ended as soon as it is', async () => {
    const { metaCallId, ...c } = someone();
    const { callId } = await placed(c);
    await world.ask(care.as('ana'), `/v1/calls/${callId}/end`);
    await world.deliver(delivery(outgoing.ringing({ ...c, metaCallId, callId })));
    await expect.poll(() => world.meta.askedAbout(metaCallId)).toMatchObject([{ body: { action: 'terminate' } }]);
  });
});

describe('what customers write', () => {
  const pairOf = async ({ store, channelId, waId }: ReturnType<typeof someone>) =>
    `${channelId}.${await customerIdOf(store, waId)}`;

  test.each([
    ['a text', { type: 'text', text: { body: 'Hi' } }],
    ['a voice message', { type: 'audio', audio: { id: '1' } }],
    ['something without a type', {}],
  ])('%s opens the service window for 24 hours', async (_, content) => {
    const c = someone();
    await world.deliver(delivery(message({ ...c, id: 'wamid.1' }, content)));
    const opened = { type: 'ServiceWindowOpened', by: 'message', until: (began + 86_400) * 1_000 };
    expect(await world.eventsOf(`conversation-${await pairOf(c)}`)).toMatchObject([opened]);
  });

  const temporary = { is_permanent: false, expiration_timestamp: String(began + 604_800) };
  test.each([
    ['always, from the profile', { response: 'accept', is_permanent: true }, undefined, 'profile', true],
    ['for a week, to a request', { response: 'accept', ...temporary }, 'wamid.CPR', 'request', false],
    [
      'for a week, as older clients say it',
      { response: 'accept', expiration_timestamp: began + 604_800 },
      'wamid.CPR',
      'request',
      false,
    ],
  ])('a permission %s', async (_, reply, contextId, source, permanent) => {
    const c = someone();
    const answer = { ...reply, response_source: 'user_action' };
    await world.deliver(delivery(permissionReply({ ...c, id: 'wamid.1' }, answer, contextId)));
    const until = permanent ? null : (began + 604_800) * 1_000;
    expect(await world.eventsOf(`permission-${await pairOf(c)}`)).toMatchObject([
      { type: 'PermissionGranted', at: began * 1_000, source, permanent, until },
    ]);
  });

  test('a callback permission names the call it follows, and opens no window', async () => {
    const c = someone();
    const reply = { response: 'accept', ...temporary, response_source: 'automatic' };
    await world.deliver(delivery(permissionReply({ ...c, id: 'wamid.1' }, reply, c.metaCallId)));
    expect(await world.eventsOf(`permission-${await pairOf(c)}`)).toMatchObject([
      { type: 'PermissionGranted', source: 'callback', callId: c.stream.slice('call-'.length) },
    ]);
    expect(await world.eventsOf(`conversation-${await pairOf(c)}`)).toEqual([]);
  });

  test.each([
    ['automatic', undefined, ['PermissionRevoked'], 'unanswered_calls'],
    ['user_action', undefined, ['PermissionRevoked'], 'customer'],
    ['user_action', 'wamid.CPR', ['PermissionDeclined', 'PermissionRevoked'], 'customer'],
  ])('a rejection (%s, context %s) ends what was granted', async (response_source, contextId, types, because) => {
    const c = someone();
    const grant = { response: 'accept', is_permanent: true, response_source: 'user_action' };
    const reject = { response: 'reject', response_source };
    await world.deliver(delivery(permissionReply({ ...c, id: 'wamid.1' }, grant)));
    await world.deliver(delivery(permissionReply({ ...c, id: 'wamid.2', at: began + 60 }, reject, contextId)));
    const [, ...after] = await world.eventsOf(`permission-${await pairOf(c)}`);
    expect(after.map(({ type }) => type)).toEqual(types);
    expect(after.at(-1)).toMatchObject({ because });
  });

  test.each([
    ['sent', []],
    ['delivered', ['PermissionRequestDelivered']],
    ['read', ['PermissionRequestDelivered']],
    ['failed', ['PermissionRequestUndelivered']],
  ])('a request that is %s', async (status, types) => {
    const c = someone();
    await world.deliver(delivery(message({ ...c, id: 'wamid.1', at: world.clock.now / 1_000 })));
    const path = `/v1/channels/${c.channelId}/customers/${c.waId}/permission-requests`;
    const asked = await world.ask(care.as('ana'), path, { method: 'free_form' });
    expect(asked.status).toBe(201);
    const biz_opaque_callback_data = asked.body.requestId;
    await world.deliver(delivery(messageStatus({ ...c, id: 'wamid.other' }, status, { biz_opaque_callback_data })));
    const [, , ...after] = await world.typesIn(`permission-${await pairOf(c)}`);
    expect(after).toEqual(types);
    const messageId = JSON.stringify(await world.eventsOf(`permission-${await pairOf(c)}`)).match(
      /wamid\.META\d+/,
    )?.[0];
    await world.deliver(delivery(messageStatus({ ...c, id: messageId ?? '' }, status)));
    expect((await world.typesIn(`permission-${await pairOf(c)}`)).slice(2)).toEqual(types);
  });
});

describe('what Meta says of a number', () => {
  test.each([
    ['RESTRICTED_BUSINESS_INITIATED_CALLING', 'outgoing', began + 604_800],
    ['RESTRICTED_USER_INITIATED_CALLING', 'incoming', began + 604_800],
    ['RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING', 'both', began + 604_800],
    ['RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN', 'icon', undefined],
  ])('%s restricts its channel', async (metaType, restricted, until) => {
    const { channelId, phone } = await openStore(world, []);
    const said = delivery(restriction(phone, metaType, until));
    await world.deliver(said);
    await world.deliver(said);
    const [, , ...after] = await world.eventsOf(`channel-${channelId}`);
    const untilMs = until === undefined ? null : until * 1_000;
    expect(after).toMatchObject([{ type: 'ChannelRestricted', restriction: restricted, until: untilMs, metaType }]);
  });

  test('a violation is recorded once', async () => {
    const { channelId, phone } = await openStore(world, []);
    await world.deliver(delivery(violation(phone)));
    await world.deliver(delivery(violation(phone)));
    expect((await world.typesIn(`channel-${channelId}`)).slice(2)).toEqual(['ChannelViolationReported']);
  });
});

describe('what cannot be placed', () => {
  const unconnected = { channelId: fresh.channelId(), waId: fresh.number(), metaCallId: fresh.metaCallId() };

  test.each([
    ['unknown_channel', incoming.connect(unconnected)],
    ['unknown_channel', message({ ...unconnected, id: 'wamid.1' })],
    ['unknown_channel', messageStatus({ ...unconnected, id: 'wamid.1' }, 'read')],
    ['unknown_event', incoming.connect(unconnected, { event: 'call_recording_available' })],
    ['unknown_shape', incoming.connect(unconnected, { event: 7 })],
    ['unknown_shape', incoming.connect(unconnected, { direction: 'SIDEWAYS' })],
    ['not_yet_used', message({ ...unconnected, id: 'wamid.1' }, { type: 'system' })],
    ['unknown_shape', { field: 'account_settings_update', value: { type: 'phone_number_settings' } }],
    ['not_yet_used', { field: 'account_update', value: { event: 'VOLUME_BASED_PRICING_TIER_UPDATE' } }],
    ['unknown_channel', violation('19999999999')],
    ['unknown_shape', { field: 'calls', value: { calls: [{ id: 'wacid.1' }] } }],
    ['unknown_shape', { field: 'calls' }],
  ])('is acknowledged, kept and counted: %s', async (reason, change) => {
    const before = setAsideCounts()[reason] ?? 0;
    expect((await world.deliver(delivery(change as Record<string, unknown>))).status).toBe(200);
    expect(setAsideCounts()[reason]).toBe(before + 1);
    const kept = await setAsideDeliveries(world.db).find({ reason }).toArray();
    const raws = kept.map(({ raw }) => JSON.parse(raw));
    expect(raws).toContainEqual(expect.objectContaining({ field: change.field }));
  });

  test.each([['[]'], ['{}'], ['null'], ['{"entry":[1]}']])('%s tells nothing', async (bytes) => {
    expect((await world.post(bytes)).status).toBe(200);
  });

  test('of somebody who is not named at all', async () => {
    const c = someone();
    const { value, ...bare } = incoming.connect(c, { from: undefined });
    await world.deliver(delivery({ ...bare, value: { ...value, contacts: [] } }));
    expect(await setAsideOf(c)).toMatchObject([{ reason: 'unknown_customer' }]);
  });

  test('a status of a message that is not ours', async () => {
    const c = someone();
    await world.deliver(delivery(messageStatus({ ...c, id: 'wamid.strange' }, 'delivered')));
    expect(await setAsideOf(c)).toMatchObject([{ reason: 'unknown_message' }]);
  });

  test('is kept once, however often it comes', async () => {
    const c = someone();
    const strange = delivery(incoming.connect(c, { event: 'call_created' }));
    await world.deliver(strange);
    await world.deliver(strange);
    expect(await setAsideOf(c)).toHaveLength(1);
  });
});

test('a batch records every part of it, the strange ones aside', async () => {
  const [a, b] = [someone(), someone()];
  const entry = [
    delivery(incoming.connect(a), incoming.missed(b), { field: 'calls', value: {} }).entry[0],
    delivery(message({ ...a, id: 'wamid.1' })).entry[0],
  ];
  expect((await world.deliver({ object: 'whatsapp_business_account', entry })).status).toBe(200);
  expect(await world.typesIn(a.stream)).toEqual(['CallReceived']);
  expect(await world.typesIn(b.stream)).toEqual(['CallReceived', 'CallEnded']);
  const conversation = `conversation-${a.channelId}.${await customerIdOf(a.store, a.waId)}`;
  expect(await world.typesIn(conversation)).toEqual(['ServiceWindowOpened']);
});
