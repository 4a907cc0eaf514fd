import { expect, test } from 'vitest';
import { answer, type Received, running, summary, waId } from './running.ts';

type Running = Awaited<ReturnType<typeof running>>;

/** The webhooks of an outgoing call that was picked up, under these quirks. */
async function outgoingCall(faults: object) {
  const { tell, permit, place, act, webhooks } = await running();
  await permit();
  webhooks();
  expect((await tell('/faults', faults)).code).toBe(200);
  await place();
  await act('answer');
  await act('hang-up');
  return webhooks();
}

/** The webhooks of an incoming call that was picked up, or broke. */
async function incomingCall(faults: object, end: 'hang-up' | 'fail' = 'hang-up') {
  const { tell, act, graph, webhooks } = await running();
  await tell('/faults', faults);
  const { body } = await act('call');
  await graph('calls', { action: 'accept', call_id: body.metaCallId, session: answer });
  await act(end);
  return webhooks();
}

const only = (quirk: string) => ({ quirks: [quirk] });
const callIn = ({ value }: Received) => value.calls![0]!;

test.each([
  [[], ['connect', 'RINGING', 'ACCEPTED', 'terminate']],
  [['terminate_first'], ['RINGING', 'ACCEPTED', 'terminate', 'connect']],
  [['accepted_first'], ['RINGING', 'ACCEPTED', 'connect', 'terminate']],
  [['accepted_lost'], ['connect', 'RINGING', 'terminate']],
  [
    ['accepted_first', 'accepted_lost'],
    ['RINGING', 'connect', 'terminate'],
  ],
  [['terminate_twice'], ['connect', 'RINGING', 'ACCEPTED', 'terminate', 'terminate']],
  [
    ['terminate_first', 'terminate_twice'],
    ['RINGING', 'ACCEPTED', 'terminate', 'connect', 'terminate'],
  ],
  [['other_case'], ['connect', 'Ringing', 'Accepted', 'terminate']],
])('tells of an outgoing call with %j as %j', async (quirks, expected) => {
  expect((await outgoingCall({ quirks })).map(summary)).toEqual(expected);
});

test.each([
  [['terminate_first'], ['terminate', 'connect']],
  [['accepted_first'], ['connect', 'terminate']],
])('tells of an incoming call with %j as %j', async (quirks, expected) => {
  expect((await incomingCall({ quirks })).map(summary)).toEqual(expected);
});

test('ends a call the second time after 0 seconds', async () => {
  const { tell, permit, place, act, advance, webhooks } = await running();
  await permit();
  await tell('/faults', only('terminate_twice'));
  await place();
  await act('answer');
  await advance(42_000);
  webhooks();

  await act('hang-up');

  expect(webhooks().map((webhook) => callIn(webhook).duration)).toEqual([42, 0]);
});

test('leaves the contacts out of outgoing calls only', async () => {
  const [connect] = await outgoingCall(only('contacts_missing'));
  const [incoming] = await incomingCall(only('contacts_missing'));

  expect([connect!.value.contacts, incoming!.value.contacts]).toEqual([undefined, [expect.anything()]]);
});

test('hides the number of everybody', async () => {
  const came = [...(await outgoingCall(only('number_hidden'))), ...(await incomingCall(only('number_hidden')))];

  expect(came.filter(({ raw }) => raw.toString().includes(`"${waId}"`))).toEqual([]);
  expect(callIn(came[0]!)).toMatchObject({ from: '910000000001', to_user_id: 'IN.10000910000000042' });
});

test('writes moments as numbers', async () => {
  const [connect, ringing, , terminate] = await outgoingCall(only('numeric_timestamps'));

  expect([callIn(connect!).timestamp, ringing!.value.statuses![0]!.timestamp, callIn(terminate!).start_time]).toEqual(
    Array(3).fill(1_795_341_600),
  );
});

const replyUnder = async ({ tell, requestPermission, act, webhooks }: Running, quirk: string) => {
  await tell('/faults', only(quirk));
  await requestPermission();
  await act('permission', { response: 'accept', source: 'request' });
  const [message] = webhooks().at(-1)!.value.messages!;
  return (message!.interactive as { call_permission_reply: object }).call_permission_reply;
};

test('replies as in 2025: the end as a number, permanence not at all', async () => {
  const response = { response: 'accept', response_source: 'user_action' };

  expect(await replyUnder(await running(), 'numeric_timestamps')).toEqual({
    ...response,
    is_permanent: false,
    expiration_timestamp: 1_795_946_400,
  });
  expect(await replyUnder(await running(), 'is_permanent_missing')).toEqual({
    ...response,
    expiration_timestamp: '1795946400',
  });
});

test.each([
  ['errors_in_call', false, true],
  ['errors_twice', true, true],
])('puts errors with %s beside the call: %s, into it: %s', async (quirk, beside, into) => {
  const [, terminate] = await incomingCall(only(quirk), 'fail');

  const errors = [expect.objectContaining({ code: 138021 })];
  expect(terminate!.value.errors).toEqual(beside ? errors : undefined);
  expect(callIn(terminate!).errors).toEqual(into ? errors : undefined);
});

test('spells the ends of calls and the type of changed settings in the other case', async () => {
  const [, terminate] = await incomingCall(only('other_case'), 'fail');
  const { tell, graph, webhooks } = await running();
  await tell('/faults', only('other_case'));

  await graph('settings', { calling: { callback_permission_status: 'ENABLED' } });

  expect(callIn(terminate!).status).toBe('Failed');
  expect(webhooks()[0]!.value).toMatchObject({
    type: 'PHONE_NUMBER_SETTINGS',
    phone_number_settings: { calling: { status: 'ENABLED' } },
  });
});

test('lets go what a quirk held back when it is switched off', async () => {
  const { tell, act, webhooks } = await running();
  await tell('/faults', only('terminate_first'));
  await act('call');
  expect(webhooks()).toEqual([]);

  await tell('/faults');

  expect(webhooks().map(summary)).toEqual(['connect']);
});

test('draws the same quirks for the same seed and others for another', async () => {
  const textsUnder = async (seed: number) => {
    const { tell, act, webhooks } = await running();
    await tell('/faults', { quirks: ['numeric_timestamps'], quirkChance: 0.5, seed });
    for (let text = 0; text < 12; text++) await act('message', { text: 'Hi' });
    return webhooks().map(({ value }) => typeof value.messages![0]!.timestamp);
  };
  const [one, same, other] = [await textsUnder(5), await textsUnder(5), await textsUnder(6)];

  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
  expect(new Set(one)).toEqual(new Set(['string', 'number']));
});

test.each([
  [{ quirks: ['terminate'] }, 'quirks.0'],
  [{ quirks: 'terminate_first' }, 'quirks'],
  [{ quirkChance: 2 }, 'quirkChance'],
])('refuses %o', async (faults, named) => {
  const { code, body } = await (await running()).tell('/faults', faults);

  expect([code, body.detail]).toEqual([422, expect.stringContaining(named)]);
});
