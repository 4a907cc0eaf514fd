import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { metaError, startMeta } from '../commands/meta.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';

const channelId = '800000000000001';
const owner = { sub: 'owner', role: 'admin' as const };
const weekly = [
  { day: 'MONDAY', open: '10:00', close: '19:00' },
  { day: 'FRIDAY', open: '22:00', close: '02:00' },
];
const calling = {
  enabled: true,
  userInitiated: {
    enabled: true,
    workingHours: { timezone: 'Asia/Kolkata', weekly },
    holidays: [{ date: '2099-12-31', open: '10:00', close: '12:00' }],
  },
  callbackRequests: { enabled: true },
};

const connect = (ringbook: Ringbook) =>
  ringbook.ask(owner, `/v1/channels/${channelId}`, {
    method: 'PUT',
    body: { name: 'Growth', displayPhoneNumber: '+910000000001', wabaId: '9' },
  });
const configure = async (ringbook: Ringbook, body: object = calling) => {
  const { status } = await ringbook.ask(owner, `/v1/channels/${channelId}/calling`, { method: 'PUT', body });
  expect(status).toBe(200);
};
const shown = (ringbook: Ringbook, state: string) =>
  eventually(
    async () => (await ringbook.ask(owner, '/v1/channels')).body.items?.[0]?.metaSettings,
    (settings) => settings?.state === state,
    30_000,
  );

describe('with WhatsApp’s side', () => {
  let ringbook: Ringbook;
  beforeAll(async () => {
    ringbook = await startRingbook();
    await connect(ringbook);
  }, 60_000);
  afterAll(() => ringbook?.stop());

  const graph = async (path: string, change?: object) => {
    const response = await fetch(`${ringbook.simulator}/v24.0/${channelId}/${path}`, {
      method: change ? 'POST' : 'GET',
      headers: { authorization: 'Bearer simulator-token', 'content-type': 'application/json' },
      ...(change && { body: JSON.stringify({ calling: change }) }),
    });
    return response.json();
  };
  const atMeta = (change?: object) => graph('settings', change);

  test('a channel’s settings become Meta’s', async () => {
    await configure(ringbook);
    const { at, ...settings } = await shown(ringbook, 'in_sync');
    expect(at).toMatch(/^\d{4}-.*Z$/);
    expect(settings).toEqual({ state: 'in_sync', metaErrorCode: null, retryAt: null, differs: [] });
    expect(await atMeta()).toMatchObject({
      calling: {
        status: 'ENABLED',
        call_icon_visibility: 'DEFAULT',
        callback_permission_status: 'ENABLED',
        call_hours: {
          status: 'ENABLED',
          timezone_id: 'Asia/Kolkata',
          weekly_operating_hours: [
            { day_of_week: 'MONDAY', open_time: '1000', close_time: '1900' },
            { day_of_week: 'FRIDAY', open_time: '2200', close_time: '2359' },
            { day_of_week: 'SATURDAY', open_time: '0000', close_time: '0200' },
          ],
          holiday_schedule: [{ date: '2099-12-31', start_time: '1000', end_time: '1200' }],
        },
      },
    });
  });

  test('a change by somebody else is shown, and undone by saying ours again', async () => {
    await ringbook.simulate('/clock', { advance: 'PT2S' });
    await atMeta({ callback_permission_status: 'DISABLED' });
    expect(await shown(ringbook, 'differ')).toMatchObject({ differs: ['callbackRequests'] });
    await configure(ringbook);
    await shown(ringbook, 'in_sync');
    expect((await atMeta()).calling.callback_permission_status).toBe('ENABLED');
  });

  test('a call that may be returned may be returned at Meta too', async () => {
    const waId = '910000000077';
    await configure(ringbook, { ...calling, userInitiated: { enabled: true } });
    await shown(ringbook, 'in_sync');
    await ringbook.customer(waId, 'call', { channelId, hangUpAfter: 1 });
    await ringbook.simulate('/clock', { advance: 'PT2S' });
    const { state } = await eventually(
      async () => (await ringbook.ask(owner, `/v1/channels/${channelId}/customers/${waId}/permission`)).body,
      (permission) => permission.state !== 'none',
    );
    const { permission } = await graph(`call_permissions?user_wa_id=${waId}`);
    expect([state, permission.status]).toEqual(['temporary', 'temporary']);
  });
});

describe('with a Meta of its own', () => {
  let meta: Awaited<ReturnType<typeof startMeta>>;
  let ringbook: Ringbook;
  beforeAll(async () => {
    meta = await startMeta();
    const whatsapp = { WHATSAPP_ACCESS_TOKEN: 'token', WHATSAPP_APP_SECRET: 'app', WHATSAPP_VERIFY_TOKEN: 'verify' };
    ringbook = await startRingbook({ WHATSAPP_API_URL: meta.url, ...whatsapp });
    await connect(ringbook);
  }, 60_000);
  afterAll(async () => {
    await ringbook?.stop();
    await meta?.stop();
  });

  const told = () => meta.asked.map(({ body }) => (body.calling as { status?: string } | undefined)?.status);

  test('a refusal is shown with Meta’s code', async () => {
    meta.answerNext(metaError(400, 138_015));
    await configure(ringbook);
    expect(await shown(ringbook, 'refused')).toMatchObject({ metaErrorCode: 138_015, retryAt: null });
  });

  test('killed while it tells Meta, it goes on with the newest settings', { timeout: 120_000 }, async () => {
    meta.answerNext('hang');
    await configure(ringbook);
    await eventually(
      async () => told().length,
      (times) => times === 2,
    );
    await configure(ringbook, { ...calling, enabled: false });
    await ringbook.kill('SIGKILL');
    await ringbook.start();
    await shown(ringbook, 'in_sync');
    expect(told()).toEqual(['ENABLED', 'ENABLED', 'DISABLED']);
  });
});
