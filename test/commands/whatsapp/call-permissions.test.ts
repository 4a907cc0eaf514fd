import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CallPermissions } from '../../../commands/whatsapp/call-permissions.ts';
import { graphClient } from '../../../commands/whatsapp/graph.ts';
import { metaRefusal } from '../../../commands/whatsapp/meta-errors.ts';
import { days, hours } from '../../../domain/time.ts';
import { metaError, startMeta } from '../meta.ts';

const until = 1_795_800_000;
const day = { time_period: 'PT24H', max_allowed: 1, current_usage: 1, limit_expiration_time: until };
const week = { time_period: 'P7D', max_allowed: 2, current_usage: 1 };
const calls = { time_period: 'PT24H', max_allowed: 100, current_usage: 3 };
const answer = {
  messaging_product: 'whatsapp',
  permission: { status: 'temporary', expiration_time: until },
  actions: [
    { action_name: 'send_call_permission_request', can_perform_action: false, limits: [day, week] },
    { action_name: 'start_call', can_perform_action: true, limits: [calls] },
  ],
};
const understood = {
  status: 'temporary',
  until: until * 1_000,
  limits: [
    { action: 'request', period: hours(24), maxAllowed: 1, used: 1, freeAt: until * 1_000 },
    { action: 'request', period: days(7), maxAllowed: 2, used: 1, freeAt: null },
    { action: 'call', period: hours(24), maxAllowed: 100, used: 3, freeAt: null },
  ],
};

describe('how a permission stands with Meta', () => {
  let meta: Awaited<ReturnType<typeof startMeta>>;
  let graph: ReturnType<typeof graphClient>;
  beforeAll(async () => {
    meta = await startMeta();
    graph = graphClient({ apiUrl: meta.url, accessToken: 'a secret token', timeoutMs: 500 });
  });
  afterAll(() => meta.stop());
  beforeEach(() => meta.asked.splice(0));

  const customer = { channelId: '800', waId: '910000000042', bsuid: 'IN.1' };

  test('is asked by number, and is told with its limits', async () => {
    meta.answerNext({ status: 200, body: answer });
    expect(await graph.callPermissions(customer)).toEqual({ ok: true, standing: understood });
    expect(meta.asked).toEqual([{ path: '/v24.0/800/call_permissions?user_wa_id=910000000042', body: {} }]);
  });

  test('is asked by BSUID where there is no number', async () => {
    meta.answerNext({ status: 200, body: answer });
    await graph.callPermissions({ ...customer, waId: null });
    expect(meta.asked.map(({ path }) => path)).toEqual(['/v24.0/800/call_permissions?recipient=IN.1']);
  });

  test('is not told to whoever asks too often', async () => {
    const tooOften = { status: 429, body: { error: { code: 613, message: 'rate' } }, headers: { 'retry-after': '0' } };
    meta.answerNext(tooOften, tooOften, tooOften);
    const refused = await graph.callPermissions(customer);
    if (refused.ok) throw new Error('it was not refused');
    expect(metaRefusal(refused).refused).toBe('meta.rate_limited');
    expect(meta.asked).toHaveLength(3);
  });

  test.each([
    ['silence', 'hang', 'unknown'],
    ['an answer of no known form', { status: 200, body: { permission: { status: 'perhaps' } } }, 'unknown'],
    ['a refusal', metaError(400, 100), 'refused'],
  ] as const)('is not known after %s, and is not asked again', async (_, told, outcome) => {
    meta.answerNext(told);
    expect(await graph.callPermissions(customer)).toMatchObject({ ok: false, outcome });
    expect(meta.asked).toHaveLength(1);
  });
});

describe('Meta’s words', () => {
  const standing = (change: object) => CallPermissions.parse({ ...answer, ...change });

  test.each([
    [{ status: 'no_permission' }, 'none', null],
    [{ status: 'temporary', expiration_time: until }, 'temporary', until],
    [{ status: 'temporary', expiration: until }, 'temporary', until],
    [{ status: 'temporary', expiration_time: String(until) }, 'temporary', until],
    [{ status: 'TEMPORARY' }, 'temporary', null],
    [{ status: 'permanent' }, 'permanent', null],
    [{ status: 'permanent', expiration_time: until }, 'permanent', null],
    [{ status: 'granted', expiration: until }, 'temporary', until],
    [{ status: 'granted' }, 'permanent', null],
    [{ status: 'pending' }, 'none', null],
    [{ status: 'denied' }, 'none', null],
    [{ status: 'expired', expiration: until }, 'none', null],
  ])('%j mean %s', (permission, status, ends) => {
    expect(standing({ permission })).toMatchObject({ status, until: ends && ends * 1_000 });
  });

  test.each([
    ['PT24H', hours(24)],
    ['24h', hours(24)],
    ['P1D', hours(24)],
    ['P7D', days(7)],
    ['7d', days(7)],
    ['PT168H', days(7)],
    ['PT30M', hours(0.5)],
  ])('%s is a window', (time_period, period) => {
    const actions = [{ action_name: 'start_call', limits: [{ ...calls, time_period }] }];
    expect(standing({ actions }).limits).toEqual([{ action: 'call', period, maxAllowed: 100, used: 3, freeAt: null }]);
  });

  test.each([
    ['nothing of limits', undefined],
    ['no list', 'many'],
    ['an action we do not know', [{ action_name: 'send_flowers', limits: [calls] }]],
    ['an action without limits', [{ action_name: 'start_call' }]],
    ['a window that is none', [{ action_name: 'start_call', limits: [{ ...calls, time_period: 'a day' }] }]],
    ['a window of months', [{ action_name: 'start_call', limits: [{ ...calls, time_period: 'P1M' }] }]],
    ['a window of no length', [{ action_name: 'start_call', limits: [{ ...calls, time_period: 'PT0S' }] }]],
    ['a window that runs backwards', [{ action_name: 'start_call', limits: [{ ...calls, time_period: '-PT24H' }] }]],
    ['a use that nobody counted', [{ action_name: 'start_call', limits: [{ ...calls, current_usage: null }] }]],
    ['no use', [{ action_name: 'start_call', limits: [{ time_period: 'PT24H', max_allowed: 5 }] }]],
    ['a limit of nothing', [{ action_name: 'start_call', limits: [{ ...calls, max_allowed: 0 }] }]],
  ])('%s leaves the rest as it is', (_, actions) => {
    expect(standing({ actions })).toEqual({ ...understood, limits: [] });
  });

  test('counts may be written as strings', () => {
    const limits = [{ ...calls, max_allowed: '100', current_usage: '3' }];
    expect(standing({ actions: [{ action_name: 'start_call', limits }] }).limits).toMatchObject([
      { maxAllowed: 100, used: 3 },
    ]);
  });

  test('when there is room again is told of a full limit only', () => {
    const limits = [{ ...week, limit_expiration_time: until }];
    const actions = [{ action_name: 'send_call_permission_request', limits }];
    expect(standing({ actions }).limits).toMatchObject([{ used: 1, maxAllowed: 2, freeAt: null }]);
  });
});
