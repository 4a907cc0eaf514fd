import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startProcessManagers } from '../../commands/process-managers.ts';
import { digits } from '../../commands/whatsapp/record-account.ts';
import { incomingCallId } from '../../commands/whatsapp/record-call.ts';
import { call } from '../../domain/call.ts';
import { channel } from '../../domain/channel.ts';
import { days, hours } from '../../domain/time.ts';
import { type Answer, metaError } from './meta.ts';
import { began, delivery, incoming, restriction, settings, violation } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

const start = began * 1_000;
const outgoing = 'RESTRICTED_BUSINESS_INITIATED_CALLING';
const incomingToo = 'RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING';
const week = began + 604_800;

let world: World;
let managers: ReturnType<typeof startProcessManagers>;
beforeAll(async () => {
  world = await startWorld();
  world.clock.now = start;
  managers = startProcessManagers(world.w);
});
afterAll(async () => {
  await managers?.stop();
  await world?.stop();
});
beforeEach(() => {
  world.clock.now = start;
});

const at = async (moment: number) => {
  world.clock.now = moment;
  managers.clockMoved();
  await managers.settled();
};

/** A channel whose settings Meta has accepted; `told` is what happened since. */
const openChannel = async (agents: readonly string[] = []) => {
  const care = await openStore(world, agents);
  await managers.settled();
  const { channelId, phone } = care;
  return {
    ...care,
    hears: async (type: string, until?: number) => world.deliver(delivery(restriction(phone, type, until))),
    told: async () => (await world.eventsOf(`channel-${channelId}`)).slice(3),
    state: () => world.w.stateOf(channel, channelId),
    asked: () => world.meta.asked.filter(({ path }) => path.endsWith(`/${channelId}/settings`)).length,
    metaAnswers: (...answers: Answer[]) => world.meta.answerAt(`/${channelId}/settings`, ...answers),
  };
};

/** What Meta answers when it is asked what it holds of a number. */
const holds = (restrictions: object | null, more: object = {}): Answer => ({
  status: 200,
  body: { calling: { status: 'ENABLED', ...(restrictions && { restrictions }) }, ...more },
});
const list = (...types: [type: string, expiration: number][]) => ({
  restrictions_list: types.map(([type, expiration]) => ({ type, reason: 'synthetic', expiration })),
});

describe('the number that Meta means', () => {
  test.each([
    ['+91 98765 43210', '919876543210'],
    ['919876543210', '919876543210'],
    ['+1 (555) 010-9999', '15550109999'],
    ['+44 (0)20 7946 0958', '442079460958'],
    ['0049 30 901820', '4930901820'],
    ['+49.30/90-18.20', '4930901820'],
  ])('%s is %s', (shown, expected) => {
    expect(digits(shown)).toBe(expected);
  });

  test.each([
    ['+%s', (phone: string) => `+${phone}`],
    ['plain', (phone: string) => phone],
    ['spaced', (phone: string) => `+${phone.slice(0, 2)} ${phone.slice(2, 7)} ${phone.slice(7)}`],
    ['with brackets', (phone: string) => `00${phone.slice(0, 2)} (0)${phone.slice(2, 6)}-${phone.slice(6)}`],
  ])('is found however the store has written it: %s', async (_, written) => {
    const { owner, channelId, phone, told } = await openChannel();
    const details = { name: 'Care', displayPhoneNumber: written(phone), wabaId: 'w' };
    await world.ask(owner, `PUT /v1/channels/${channelId}`, details);
    await world.deliver(delivery(restriction(phone, outgoing, week)));
    await world.deliver(delivery(restriction(`+${phone}`, incomingToo, week)));
    expect((await told()).filter(({ type }) => type === 'ChannelRestricted')).toHaveLength(2);
  });

  test('is any of the account’s where Meta names none', async () => {
    const [one, two, other] = [await openChannel(), await openChannel(), await openChannel()];
    const wabaId = `waba ${one.channelId}`;
    for (const { owner, channelId, phone } of [one, two])
      await world.ask(owner, `PUT /v1/channels/${channelId}`, { name: 'Care', displayPhoneNumber: phone, wabaId });
    const { value, ...change } = restriction('', outgoing, week);
    const { phone_number: _, ...nameless } = value;
    await world.deliver({ entry: [{ id: wabaId, time: began, changes: [{ ...change, value: nameless }] }] });
    const isStopped = async ({ state }: typeof one) => (await state()).restrictions.length;
    expect([await isStopped(one), await isStopped(two), await isStopped(other)]).toEqual([1, 1, 0]);
  });
});

describe('a restriction', () => {
  test('ends by an event at its time', async () => {
    const { hears, told } = await openChannel();
    await hears(outgoing, week);
    await at(week * 1_000 - 1);
    expect((await told()).map(({ type }) => type)).toEqual(['ChannelRestricted']);
    await at(week * 1_000);
    expect((await told()).at(-1)).toMatchObject({
      type: 'ChannelRestrictionEnded',
      at: week * 1_000,
      metaType: outgoing,
      because: 'time',
    });
  });

  test('stops requests and calls, and incoming calls are missed, as long as it lasts', async () => {
    const { as, channelId, hears } = await openChannel(['ana']);
    await hears(incomingToo, week);
    const waId = fresh.number();
    const template = { name: 'may_we_call', language: 'en', parameters: [] };
    const request = () =>
      world.ask(as('ana'), `/v1/channels/${channelId}/customers/${waId}/permission-requests`, {
        method: 'template',
        template,
      });
    const until = new Date(week * 1_000).toISOString();
    const named = { restriction: 'both', metaType: incomingToo, until };
    const because = [expect.objectContaining({ type: 'ChannelRestricted' })];
    const refused = { code: 'channel.calling_disabled', ...named, because, nextAllowedAt: until };
    expect(await request()).toMatchObject({ status: 409, body: refused });

    const metaCallId = fresh.metaCallId();
    await world.deliver(delivery(incoming.connect({ channelId, waId, metaCallId })));
    await managers.settled();
    expect(await world.eventsOf(`call-${incomingCallId(channelId, metaCallId)}`)).toContainEqual(
      expect.objectContaining({ type: 'CallMissed', reason: 'incoming_disabled' }),
    );
    await at(week * 1_000);
    expect(await request()).toMatchObject({ status: 201 });
  });

  test('does not end a call that is under way', async () => {
    const { as, channelId, hears } = await openChannel(['ana']);
    const [waId, metaCallId] = [fresh.number(), fresh.metaCallId()];
    const callId = incomingCallId(channelId, metaCallId);
    await world.deliver(delivery(incoming.connect({ channelId, waId, metaCallId })));
    await managers.settled();
    expect(await world.ask(as('ana'), `/v1/calls/${callId}/accept`, { sdpAnswer: 'v=0\r\n' })).toMatchObject({
      status: 200,
    });
    await hears(incomingToo, week);
    await managers.settled();
    expect((await world.w.stateOf(call, callId)).ended).toBeNull();
    expect(world.meta.askedAbout(metaCallId).map(({ body }) => body.action)).toEqual(['pre_accept', 'accept']);
    await world.deliver(delivery(incoming.completed({ channelId, waId, metaCallId })));
    await managers.settled();
    expect(await world.eventsOf(`call-${callId}`)).toContainEqual(
      expect.objectContaining({ type: 'CallConcluded', status: 'completed' }),
    );
  });

  test('that Meta lifts early is found out within a day', async () => {
    const { hears, told, asked, metaAnswers } = await openChannel();
    await hears(outgoing, week);
    const before = asked();
    metaAnswers(holds(list([outgoing, week])), holds(null));
    await at(start + days(1) - 1);
    expect(asked()).toBe(before);
    await at(start + days(1));
    expect((await told()).map(({ type }) => type)).toEqual(['ChannelRestricted']);
    await at(start + days(2));
    expect((await told()).at(-1)).toMatchObject({ type: 'ChannelRestrictionEnded', because: 'lifted' });
    await at(start + days(9));
    expect(asked()).toBe(before + 2);
  });

  test.each<[string, Answer]>([
    ['tells them in no form we know', holds({ restrictions_list: 'none' })],
    ['cannot be reached', 'drop'],
    ['refuses', metaError(400, 100)],
  ])('stays when Meta %s', async (_, answer) => {
    const { hears, state, asked, metaAnswers } = await openChannel();
    await hears(outgoing, week);
    const before = asked();
    metaAnswers(answer);
    await at(start + days(1));
    expect(asked()).toBe(before + 1);
    expect((await state()).restrictions).toHaveLength(1);
  });
});

describe('an admin who asks what Meta holds', () => {
  const refresh = ({ owner, channelId }: { owner: object; channelId: string }) =>
    world.ask(owner as never, `/v1/channels/${channelId}/calling/refresh`);

  test.each([
    ['beside the settings', holds(null, { restrictions: list([outgoing, week]) })],
    ['among the settings', holds(list([outgoing, week], ['RESTRICTED_FROM_SINGING', week]))],
  ])('hears of restrictions told %s', async (_, answer) => {
    const care = await openChannel();
    care.metaAnswers(answer);
    world.clock.now = start + 1;
    expect(await refresh(care)).toMatchObject({ status: 200 });
    expect((await care.state()).restrictions).toEqual([
      { restriction: 'outgoing', until: week * 1_000, metaType: outgoing, since: start + 1 },
    ]);
    expect(world.meta.askedAbout(`${care.channelId}/settings`).at(-1)?.body).toEqual({});
  });

  test('hears of settings that somebody changed there', async () => {
    const care = await openChannel();
    care.metaAnswers({ status: 200, body: { calling: { status: 'DISABLED' } } });
    world.clock.now = start + hours(1);
    expect(await refresh(care)).toMatchObject({ status: 200 });
    expect((await care.told()).at(-1)).toMatchObject({ type: 'CallingSettingsDiverged', differs: ['calling'] });
  });

  test('is not told that a button was hidden that Meta hides while nobody may call', async () => {
    const care = await openChannel();
    await care.hears('RESTRICTED_USER_INITIATED_CALLING', week);
    world.clock.now = start + hours(1);
    const stopped = list(['RESTRICTED_USER_INITIATED_CALLING', week]);
    care.metaAnswers(holds(stopped, { calling: { call_icon_visibility: 'DISABLE_ALL', restrictions: stopped } }));
    expect(await refresh(care)).toMatchObject({ status: 200 });
    expect((await care.told()).map(({ type }) => type)).toEqual(['ChannelRestricted']);
  });

  test('is told when Meta says no', async () => {
    const care = await openChannel();
    care.metaAnswers(metaError(400, 80_007));
    expect(await refresh(care)).toMatchObject({ status: 409, body: { code: 'meta.rate_limited' } });
  });

  test('must be an admin of the store', async () => {
    const [care, other] = [await openChannel(), await openChannel()];
    expect(await refresh({ ...care, owner: care.as('ana') })).toMatchObject({ status: 403 });
    expect(await refresh({ ...care, owner: other.owner })).toMatchObject({ status: 404 });
  });
});

test('restrictions told with settings are followed too', async () => {
  const { channelId, hears, state } = await openChannel();
  await hears(outgoing, week);
  const held = { status: 'ENABLED', restrictions: list() };
  await world.deliver(delivery(settings(channelId, held, began + 60)));
  expect((await state()).restrictions).toEqual([]);
});

test('a warning is shown for thirty days', async () => {
  const { phone, state } = await openChannel();
  await world.deliver(delivery(violation(phone)));
  const { violations } = await state();
  expect(violations).toEqual([{ metaType: 'USER_INITIATED_CALLS_LOW_PICKUP_RATE', at: start }]);
  await at(start + days(30));
  expect((await state()).violations).toEqual([]);
});
