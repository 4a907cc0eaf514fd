import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callingSettings } from '../../../commands/whatsapp/calling-settings.ts';
import { graphClient } from '../../../commands/whatsapp/graph.ts';
import { metaRefusal } from '../../../commands/whatsapp/meta-errors.ts';
import { type Answer, metaError, startMeta } from '../meta.ts';

let meta: Awaited<ReturnType<typeof startMeta>>;
let graph: ReturnType<typeof graphClient>;
let impatient: ReturnType<typeof graphClient>;

beforeAll(async () => {
  meta = await startMeta();
  graph = graphClient({ apiUrl: meta.url, accessToken: 'a secret token' });
  impatient = graphClient({ apiUrl: meta.url, accessToken: 'a secret token', timeoutMs: 500 });
});
afterAll(() => meta.stop());
beforeEach(() => meta.asked.splice(0));

const connect = { channelId: '800', waId: '910000000042', bsuid: null, callId: 'our-id', sdpOffer: 'v=0\r\n' };
const onCall = { channelId: '800', metaCallId: 'wacid.1' };
const accept = { ...onCall, sdpAnswer: 'v=0\r\n', callId: 'our-id' };
const ask = {
  channelId: '800',
  waId: '910000000042',
  bsuid: null,
  requestId: 'our-request',
  body: null,
  template: null,
};

describe('what is asked of Meta', () => {
  test('a connect carries the offer and our id of the call', async () => {
    expect(await graph.connect(connect)).toEqual({ ok: true, metaCallId: expect.stringMatching(/^wacid\./) });
    expect(meta.asked).toEqual([
      {
        path: '/v24.0/800/calls',
        body: {
          messaging_product: 'whatsapp',
          to: '910000000042',
          action: 'connect',
          session: { sdp_type: 'offer', sdp: 'v=0\r\n' },
          biz_opaque_callback_data: 'our-id',
        },
      },
    ]);
  });

  test('a customer without a number is called by their BSUID', async () => {
    await graph.connect({ ...connect, waId: null, bsuid: 'IN.1' });
    expect(meta.asked[0]?.body).toMatchObject({ recipient: 'IN.1' });
    expect(meta.asked[0]?.body).not.toHaveProperty('to');
  });

  test('accepting prepares the media path first, with the same answer', async () => {
    expect(await graph.accept(accept)).toEqual({ ok: true });
    const session = { sdp_type: 'answer', sdp: 'v=0\r\n' };
    expect(meta.asked.map(({ body }) => body)).toMatchObject([
      { action: 'pre_accept', call_id: 'wacid.1', session },
      { action: 'accept', call_id: 'wacid.1', session, biz_opaque_callback_data: 'our-id' },
    ]);
  });

  test.each(['reject', 'terminate'] as const)('%s names the call', async (action) => {
    expect(await graph[action](onCall)).toEqual({ ok: true });
    expect(meta.asked[0]?.body).toEqual({ messaging_product: 'whatsapp', call_id: 'wacid.1', action });
  });

  test('settings are one feature of the number, and nothing beside', async () => {
    const calling = callingSettings(
      {
        enabled: true,
        userInitiatedEnabled: true,
        workingHours: { timezone: 'Asia/Kolkata', weekly: [{ day: 'MONDAY', open: '10:00', close: '19:00' }] },
        holidays: [{ date: '2026-12-31', open: '10:00', close: '12:00' }],
        callbackRequestsEnabled: true,
      },
      Date.UTC(2026, 10, 22),
    );
    expect(await graph.configureCalling({ channelId: '800', calling })).toEqual({ ok: true });
    expect(meta.asked).toEqual([
      {
        path: '/v24.0/800/settings',
        body: {
          calling: {
            status: 'ENABLED',
            call_icon_visibility: 'DEFAULT',
            call_hours: {
              status: 'ENABLED',
              timezone_id: 'Asia/Kolkata',
              weekly_operating_hours: [{ day_of_week: 'MONDAY', open_time: '1000', close_time: '1900' }],
              holiday_schedule: [{ date: '2026-12-31', start_time: '1000', end_time: '1200' }],
            },
            callback_permission_status: 'ENABLED',
          },
        },
      },
    ]);
  });

  test('a free-form request may come without a text', async () => {
    expect(await graph.requestPermission(ask)).toEqual({ ok: true, messageId: expect.stringMatching(/^wamid\./) });
    expect(meta.asked[0]?.body).toMatchObject({
      to: '910000000042',
      type: 'interactive',
      interactive: { type: 'call_permission_request', action: { name: 'call_permission_request' } },
      biz_opaque_callback_data: 'our-request',
    });
  });

  test('a template request names the template, its language and its parameters', async () => {
    const template = { name: 'may_we_call', language: 'en', parameters: ['SYN-1'] };
    await graph.requestPermission({ ...ask, template });
    const components = [{ type: 'body', parameters: [{ type: 'text', text: 'SYN-1' }] }];
    expect(meta.asked[0]?.body).toMatchObject({
      type: 'template',
      template: { name: 'may_we_call', language: { code: 'en' }, components },
    });
  });
});

describe('an invite to call', () => {
  const to = { channelId: '800', waId: '910000000042', bsuid: null, inviteId: 'our-invite', ttlMinutes: 100 };
  const button = { payload: 'our-invite', ttl_minutes: 100 };

  test('in free form has a text and a button that brings our id back', async () => {
    const content = { body: 'Tap to call us', displayText: 'Call Now', template: null };
    expect(await graph.inviteToCall({ ...to, content })).toEqual({
      ok: true,
      messageId: expect.stringMatching(/^wamid\./),
    });
    expect(meta.asked).toEqual([
      {
        path: '/v24.0/800/messages',
        body: {
          messaging_product: 'whatsapp',
          recipient_type: 'individual',
          to: '910000000042',
          type: 'interactive',
          interactive: {
            type: 'voice_call',
            body: { text: 'Tap to call us' },
            action: { name: 'voice_call', parameters: { display_text: 'Call Now', ...button } },
          },
          biz_opaque_callback_data: 'our-invite',
        },
      },
    ]);
  });

  test.each([
    ['with values for its text', ['SYN-1'], [{ type: 'body', parameters: [{ type: 'text', text: 'SYN-1' }] }]],
    ['without', [], []],
  ])('by template, %s, gives its button our id and its time', async (_, parameters, body) => {
    await graph.inviteToCall({ ...to, content: { template: { name: 'call_us', language: 'en', parameters } } });
    const voiceCall = [
      { type: 'ttl_minutes', ttl_minutes: 100 },
      { type: 'payload', payload: 'our-invite' },
    ];
    expect(meta.asked[0]?.body).toMatchObject({
      type: 'template',
      template: {
        name: 'call_us',
        language: { code: 'en' },
        components: [...body, { type: 'button', sub_type: 'voice_call', parameters: voiceCall }],
      },
      biz_opaque_callback_data: 'our-invite',
    });
  });
});

describe('what Meta refuses', () => {
  test.each([
    [138006, 401, 'permission.none'],
    [138009, 400, 'permission.request_limit_24h'],
    [138012, 400, 'permission.connected_limit_24h'],
    [138017, 400, 'permission.already_permanent'],
    [131047, 400, 'permission.window_closed'],
    [138003, 400, 'call.already_live'],
    [138000, 401, 'channel.calling_disabled'],
    [138014, 400, 'channel.calling_disabled'],
    [131055, 400, 'channel.calling_disabled'],
    [138001, 400, 'customer.unreachable'],
    [131026, 400, 'customer.unreachable'],
    [613, 400, 'meta.rate_limited'],
    [138002, 400, 'meta.rate_limited'],
    [138005, 400, 'meta.rate_limited'],
    [138007, 500, 'meta.refused'],
    [100, 400, 'meta.refused'],
  ])('error %i (status %i) is %s', async (code, status, refused) => {
    meta.answerNext(metaError(status, code));
    const answer = await graph.connect(connect);
    if (answer.ok) throw new Error('it was not refused');
    expect(answer).toMatchObject({ outcome: 'refused', metaErrorCode: code });
    expect(metaRefusal(answer)).toMatchObject({ refused, facts: { metaErrorCode: code } });
    expect(meta.asked).toHaveLength(1);
  });

  test.each([
    ['seconds', 'The next call is allowed at 1795165200 (Unix seconds).', 1_795_165_200_000],
    ['an ISO time', 'Allowed again at 2026-11-20T09:00:00Z.', Date.UTC(2026, 10, 20, 9)],
    ['nothing', 'Too many calls.', null],
  ])('the time at which it would allow a call is read from %s', async (_, details, nextAllowedAt) => {
    meta.answerNext(metaError(400, 138012, details));
    expect(await graph.connect(connect)).toMatchObject({ nextAllowedAt });
  });

  test('what it says never carries a number', async () => {
    meta.answerNext({ status: 400, body: { error: { code: 100, message: '910000000042 is wrong' } } });
    expect(await graph.connect(connect)).toMatchObject({ detail: '… is wrong' });
  });

  test('without a code, the status is told', async () => {
    meta.answerNext({ status: 404 });
    expect(await graph.connect(connect)).toMatchObject({ outcome: 'refused', metaErrorCode: 404 });
  });
});

describe('asking again', () => {
  const busy: Answer = { status: 429, headers: { 'retry-after': '0' } };

  test('a connection error of Meta is tried once more', async () => {
    meta.answerNext(metaError(500, 138004));
    expect(await graph.connect(connect)).toMatchObject({ ok: true });
    meta.answerNext(metaError(500, 138004), metaError(500, 138004));
    expect(await graph.connect(connect)).toMatchObject({ ok: false, outcome: 'refused', metaErrorCode: 138004 });
    expect(meta.asked).toHaveLength(4);
  });

  test('"too many requests" is waited for, though not for ever', async () => {
    meta.answerNext(busy, busy);
    expect(await graph.connect(connect)).toMatchObject({ ok: true });
    meta.answerNext(busy, busy, busy);
    const answer = await graph.connect(connect);
    expect(answer.ok === false && metaRefusal(answer).refused).toBe('meta.rate_limited');
  });

  test.each<[string, Answer]>([
    ['no answer', 'hang'],
    ['a lost connection', 'drop'],
    ['a fault of the server', { status: 502 }],
    ['a general fault of Meta', metaError(500, 1)],
    ['an answer without an id', { status: 200, body: {} }],
  ])('%s leaves a connect or a message unknown, and is never blindly repeated', async (_, answer) => {
    meta.answerNext(answer);
    expect(await impatient.connect(connect)).toMatchObject({ ok: false, outcome: 'unknown' });
    expect(meta.asked).toHaveLength(1);
    meta.answerNext(answer);
    expect(await impatient.requestPermission(ask)).toMatchObject({ ok: false, outcome: 'unknown' });
    expect(meta.asked).toHaveLength(2);
  });

  test.each(['reject', 'terminate'] as const)('%s is repeated, for twice is harmless', async (action) => {
    meta.answerNext('hang', 'drop');
    expect(await impatient[action](onCall)).toEqual({ ok: true });
    expect(meta.asked).toHaveLength(3);
  });

  test('an accept that Meta may have taken is repeated; "already accepted" then is a success', async () => {
    meta.answerNext({ status: 200, body: {} }, 'hang', metaError(400, 100));
    expect(await impatient.accept(accept)).toEqual({ ok: true });
    expect(meta.asked.map(({ body }) => body.action)).toEqual(['pre_accept', 'accept', 'accept']);
  });

  test('an accept that Meta refuses is not repeated', async () => {
    meta.answerNext({ status: 200, body: {} }, metaError(400, 100));
    expect(await graph.accept(accept)).toMatchObject({ ok: false, outcome: 'refused', metaErrorCode: 100 });
  });

  test('an address where nobody listens is "unreachable", and surely nothing happened', async () => {
    const closed = await startMeta();
    await closed.stop();
    const gone = graphClient({ apiUrl: closed.url, accessToken: 'token' });
    const answer = await gone.connect(connect);
    if (answer.ok) throw new Error('it was not refused');
    expect(answer).toMatchObject({ outcome: 'refused', metaErrorCode: null });
    expect(metaRefusal(answer).refused).toBe('meta.unreachable');
  });
});
