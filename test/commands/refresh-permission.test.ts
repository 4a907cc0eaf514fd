import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fire } from '../../commands/timers/fire.ts';
import { startedBy } from '../../commands/timers/stored-timers.ts';
import { permission } from '../../domain/permission.ts';
import { days, hours, minutes, seconds } from '../../domain/time.ts';
import { type Answer, metaError } from './meta.ts';
import { delivery, messageStatus, permissionReply } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
const noon = Date.UTC(2026, 10, 20, 12);
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world, ['ana']);
});
afterAll(() => world.stop());

const iso = (at: number) => new Date(at).toISOString();
const unix = (at: number) => at / 1_000;

/** More than a hundred such questions in a second. */
const tooOften = metaError(429, 613);

/** Meta's answer about a permission; `requests`: used today and this week, `free`: when there is room again. */
const standing = (
  status: string,
  more: { until?: number; requests?: [number, number]; calls?: number; free?: number },
) => {
  const { until, requests: [today, week] = [0, 0], calls = 0, free } = more;
  const limit = (time_period: string, max_allowed: number, current_usage: number) => ({
    ...{ time_period, max_allowed, current_usage },
    ...(free && current_usage >= max_allowed && { limit_expiration_time: unix(free) }),
  });
  const asking = [limit('PT24H', 1, today), limit('P7D', 2, week)];
  const actions = [
    { action_name: 'send_call_permission_request', can_perform_action: today < 1 && week < 2, limits: asking },
    { action_name: 'start_call', can_perform_action: true, limits: [limit('PT24H', 10, calls)] },
  ];
  const permission = { status, ...(until && { expiration_time: unix(until) }) };
  return { status: 200, body: { messaging_product: 'whatsapp', permission, actions } } satisfies Answer;
};

const pathOf = (waId: string, what: string) => `/v1/channels/${care.channelId}/customers/${waId}/${what}`;
const refresh = (waId: string, who = care.as('ana')) => world.ask(who, pathOf(waId, 'permission/refresh'));
const template = { name: 'may_we_call', language: 'en', parameters: [] };
const request = (waId: string) =>
  world.ask(care.as('ana'), pathOf(waId, 'permission-requests'), { method: 'template', template });

const pairOf = async (waId: string) =>
  `${care.channelId}.${(await world.w.directory.find(care.store, waId))?.customerId}`;
const eventsOf = async (waId: string) => world.eventsOf(`permission-${await pairOf(waId)}`);
const typesOf = async (waId: string) => (await eventsOf(waId)).map(({ type }) => type);
const stateOf = async (waId: string) => world.w.stateOf(permission, await pairOf(waId));

/** A customer who has permitted calls for a week, an hour ago. */
const willing = async () => {
  world.clock.now = noon;
  const waId = fresh.number();
  const grant = { response: 'accept', response_source: 'user_action', expiration_timestamp: unix(noon + days(6)) };
  const written = { channelId: care.channelId, waId, id: `wamid.${waId}`, at: unix(noon - hours(1)) };
  await world.deliver(delivery(permissionReply(written, grant)));
  return waId;
};

describe('an agent who asks how a permission stands', () => {
  test('learns of a customer who took it back in the profile', async () => {
    const waId = await willing();
    world.meta.answerNext(standing('no_permission', {}));
    expect(await refresh(waId)).toMatchObject({ status: 200, body: { position: expect.stringMatching(/^\d+$/) } });
    expect(await eventsOf(waId)).toMatchObject([
      { type: 'PermissionGranted' },
      {
        type: 'MetaReportDiffered',
        said: { status: 'none', until: null },
        believed: { status: 'temporary', until: noon + days(6) },
      },
      { type: 'PermissionRevoked', because: 'meta' },
    ]);
    for await (const { event, metadata } of world.log.read(`permission-${await pairOf(waId)}`))
      if (event.type === 'PermissionRevoked') expect(metadata.actor).toEqual({ type: 'meta', id: care.channelId });
  });

  test('of a grant that we never heard of, also of a number that nobody has met', async () => {
    world.clock.now = noon;
    const waId = fresh.number();
    world.meta.answerNext(standing('temporary', { until: noon + days(3) }));
    expect(await refresh(waId)).toMatchObject({ status: 200 });
    expect((await stateOf(waId)).grant).toMatchObject({ kind: 'temporary', source: 'meta', until: noon + days(3) });
    expect(world.meta.asked.at(-1)?.path).toContain(`call_permissions?user_wa_id=${waId}`);
  });

  test('of nothing new where Meta agrees, however often', async () => {
    const waId = await willing();
    for (const _ of [1, 2, 3]) {
      world.meta.answerNext(standing('temporary', { until: noon + days(6) }));
      expect(await refresh(waId)).toMatchObject({ status: 200 });
    }
    expect(await typesOf(waId)).toEqual(['PermissionGranted']);
  });

  test.each<[string, Answer[], string]>([
    ['too often', [tooOften, tooOften, tooOften], 'meta.rate_limited'],
    ['in vain', ['drop'], 'meta.unreachable'],
  ])('%s is told so, and nothing changes', async (_, answers, code) => {
    const waId = await willing();
    world.meta.answerNext(...answers);
    expect(await refresh(waId)).toMatchObject({ status: 409, body: { code } });
    expect(world.meta.askedAbout(`user_wa_id=${waId}`)).toHaveLength(answers.length);
    expect(await typesOf(waId)).toEqual(['PermissionGranted']);
  });

  test('must be staff of the store', async () => {
    const other = await openStore(world, []);
    expect(await refresh(fresh.number(), other.as('ana'))).toMatchObject({ status: 404 });
    expect(await refresh(fresh.number(), { ...care.as('otto'), role: 'auditor' })).toMatchObject({ status: 403 });
    expect(await refresh(`cus_${'a'.repeat(26)}`)).toMatchObject({ status: 404 });
  });

  test('and a word of the customer that comes meanwhile, hear the customer', async () => {
    const waId = await willing();
    let answered = () => {};
    const after = new Promise<void>((resolve) => {
      answered = resolve;
    });
    world.meta.answerNext({ ...standing('temporary', { until: noon + days(6) }), after });
    const refreshing = refresh(waId);
    await expect.poll(() => world.meta.askedAbout(`user_wa_id=${waId}`)).toHaveLength(1);
    const no = { response: 'reject', response_source: 'user_action' };
    const id = `wamid.no.${waId}`;
    await world.deliver(delivery(permissionReply({ channelId: care.channelId, waId, id, at: unix(noon) }, no)));
    answered();
    expect(await refreshing).toMatchObject({ status: 200 });
    expect(await typesOf(waId)).toEqual(['PermissionGranted', 'PermissionRevoked']);
  });
});

describe('where Meta refuses and we had not expected it, it is asked why', () => {
  test('a request is answered with the exact time', async () => {
    world.clock.now = noon;
    const waId = fresh.number();
    world.meta.answerNext(
      metaError(400, 138_009),
      standing('no_permission', { requests: [1, 2], free: noon + hours(7) }),
    );
    expect(await request(waId)).toMatchObject({
      status: 409,
      body: { code: 'permission.request_limit_24h', metaErrorCode: 138_009, nextAllowedAt: iso(noon + hours(7)) },
    });
    expect((await typesOf(waId)).slice(1)).toEqual(['PermissionRequestRefused', 'MetaDisagreed', 'MetaReportDiffered']);
    world.clock.now = noon + hours(7) - 1;
    expect(await request(waId)).toMatchObject({ status: 409, body: { nextAllowedAt: iso(noon + hours(7)) } });
    world.clock.now = noon + hours(7);
    expect(await request(waId)).toMatchObject({ status: 201 });
  });

  test('and with the limit that is in the way, and that it is Meta’s', async () => {
    world.clock.now = noon;
    const waId = fresh.number();
    const weekIsFull = standing('no_permission', { requests: [0, 2], free: noon + days(3) });
    world.meta.answerNext(metaError(400, 138_009), weekIsFull);
    const answer = await request(waId);
    expect(answer).toMatchObject({
      status: 409,
      body: {
        code: 'permission.request_limit_7d',
        metaErrorCode: 138_009,
        nextAllowedAt: iso(noon + days(3)),
        because: [{ type: 'MetaReportDiffered', at: iso(noon) }],
      },
    });
    const { metaErrorCode: _, ...body } = answer.body;
    expect((await request(waId)).body).toEqual(body);
  });

  test('a call is answered with the exact time', async () => {
    const waId = await willing();
    const full = standing('temporary', { until: noon + days(6), calls: 10, free: noon + minutes(40) });
    world.meta.answerNext(metaError(400, 138_012), full);
    const place = () => world.ask(care.as('ana'), '/v1/calls', { channelId: care.channelId, customer: waId });
    const refused = {
      status: 409,
      body: { code: 'permission.connected_limit_24h', nextAllowedAt: iso(noon + minutes(40)) },
    };
    expect(await place()).toMatchObject(refused);
    expect(await place()).toMatchObject(refused);
    expect(world.meta.askedAbout('"connect"').filter(({ body }) => body.to === waId)).toHaveLength(1);
    world.clock.now = noon + minutes(40);
    const placed = await place();
    expect(placed).toMatchObject({ status: 201 });
    await world.ask(care.as('ana'), `/v1/calls/${placed.body.callId}/end`);
  });

  const stopped = { code: 'channel.calling_disabled' };
  test.each([
    [
      'a restriction that we never heard of',
      200,
      { ...stopped, restriction: 'outgoing', nextAllowedAt: iso(noon + days(2)) },
    ],
    ['nothing', 400, stopped],
  ])('a number whose calls are stopped is looked at: it tells %s', async (_, status, body) => {
    const other = await openStore(world, ['ana']);
    world.clock.now = noon;
    const restrictions_list = [{ type: 'RESTRICTED_BUSINESS_INITIATED_CALLING', expiration: unix(noon + days(2)) }];
    const held = { calling: { status: 'ENABLED', restrictions: { restrictions_list } } };
    world.meta.answerNext(metaError(400, 138_014), { status, body: held });
    const path = `/v1/channels/${other.channelId}/customers/${fresh.number()}/permission-requests`;
    const ask = () => world.ask(other.as('ana'), path, { method: 'template', template });
    const answer = await ask();
    expect(answer).toMatchObject({ status: 409, body: { ...body, metaErrorCode: 138_014 } });
    expect(answer.body.nextAllowedAt).toBe('nextAllowedAt' in body ? body.nextAllowedAt : undefined);
  });

  test.each<[string, ...Answer[]]>([
    ['gives no answer', 'drop'],
    ['has been asked too often', tooOften, tooOften, tooOften],
  ])('and where it %s, its refusal stands as before', async (_, ...answers) => {
    world.clock.now = noon;
    const waId = fresh.number();
    world.meta.answerNext(metaError(400, 138_009, `allowed at ${unix(noon + hours(9))}`), ...answers);
    expect(await request(waId)).toMatchObject({ status: 409, body: { nextAllowedAt: iso(noon + hours(9)) } });
    expect((await typesOf(waId)).slice(1)).toEqual(['PermissionRequestRefused', 'MetaDisagreed']);
  });
});

describe('a request of which nobody knows whether it reached Meta', () => {
  const unknown = async () => {
    world.clock.now = noon;
    const waId = fresh.number();
    world.meta.answerNext('drop');
    expect(await request(waId)).toMatchObject({ status: 201 });
    return waId;
  };

  /** Fires the looks that are due by now, as the timers do. */
  const look = async (waId: string) => {
    for await (const recorded of world.log.read(`permission-${await pairOf(waId)}`))
      for (const timer of startedBy(recorded))
        if (timer.kind === 'request_unconfirmed' && timer.dueAt <= world.clock.now) await fire(world.w, timer);
  };

  test('counts for the time being', async () => {
    const waId = await unknown();
    world.clock.now = noon + minutes(5) - 1;
    const asked = world.meta.asked.length;
    await look(waId);
    expect(world.meta.asked).toHaveLength(asked);
    expect(await request(waId)).toMatchObject({ status: 409, body: { code: 'permission.request_limit_24h' } });
  });

  test('gives the allowance back when Meta never had it', async () => {
    const waId = await unknown();
    world.clock.now = noon + minutes(5);
    world.meta.answerNext(standing('no_permission', {}));
    await look(waId);
    expect(await typesOf(waId)).toEqual(['PermissionRequested', 'PermissionRequestNeverArrived']);
    expect(await request(waId)).toMatchObject({ status: 201 });
  });

  test('goes on counting when Meta has counted it', async () => {
    const waId = await unknown();
    world.clock.now = noon + minutes(5);
    world.meta.answerNext(standing('no_permission', { requests: [1, 1], free: noon + hours(24) + seconds(2) }));
    await look(waId);
    expect(await typesOf(waId)).toEqual(['PermissionRequested']);
  });

  test.each<[string, ...Answer[]]>([
    ['is out of reach', 'drop'],
    ['has been asked too often', tooOften, tooOften, tooOften],
  ])('is asked for again later where Meta %s', async (_, ...answers) => {
    const waId = await unknown();
    world.clock.now = noon + minutes(5);
    world.meta.answerNext(...answers);
    await look(waId);
    expect(world.meta.askedAbout(`user_wa_id=${waId}`)).toHaveLength(answers.length);
    expect(await typesOf(waId)).toEqual(['PermissionRequested']);
    world.clock.now = noon + hours(1);
    world.meta.answerNext(standing('no_permission', {}));
    await look(waId);
    expect(await typesOf(waId)).toEqual(['PermissionRequested', 'PermissionRequestNeverArrived']);
  });

  test.each(['sent', 'delivered', 'read', 'failed'])('is known by the status %s, and nobody asks', async (name) => {
    const waId = await unknown();
    const [requested] = await eventsOf(waId);
    const requestId = requested?.type === 'PermissionRequested' ? requested.requestId : '';
    const status = { channelId: care.channelId, waId, id: `wamid.${waId}`, at: unix(noon) };
    await world.deliver(delivery(messageStatus(status, name, { biz_opaque_callback_data: requestId })));
    expect((await typesOf(waId)).slice(0, 2)).toEqual(['PermissionRequested', 'PermissionRequestSent']);
    expect((await stateOf(waId)).requests).toMatchObject([{ messageId: `wamid.${waId}`, counts: name !== 'failed' }]);
    const asked = world.meta.asked.length;
    world.clock.now = noon + days(1);
    await look(waId);
    expect(world.meta.asked).toHaveLength(asked);
  });
});
