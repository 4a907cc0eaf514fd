import { describe, expect, test } from 'vitest';
import { running, seconds, summary, waId } from './running.ts';

const minutes = (n: number) => seconds(n * 60);
const payload = 'invite-7781';

const freeForm = (parameters: object) => ({
  to: waId,
  type: 'interactive',
  interactive: { type: 'voice_call', body: { text: 'Tap' }, action: { name: 'voice_call', parameters } },
});
const byTemplate = (parameters: object) => ({
  to: waId,
  type: 'template',
  template: {
    name: 'call_us',
    language: { code: 'en' },
    components: [
      {
        type: 'button',
        sub_type: 'voice_call',
        parameters: Object.entries(parameters).map(([type, value]) => ({ type, [type]: value })),
      },
    ],
  },
});

describe.each([
  ['in free form', freeForm],
  ['by template', byTemplate],
])('a call button sent %s', (_, message) => {
  test.each([
    [{ payload, ttl_minutes: 100 }, 100],
    [{ payload }, 10_080],
  ])('with %j can be tapped for %i minutes, then it is gone', async (parameters, ttl) => {
    const { act, clock, graph, webhooks } = await running();
    await act('message', { text: 'Hi' });
    expect((await graph('messages', message(parameters))).code).toBe(200);
    await clock.advance(minutes(ttl) - 1);
    webhooks();
    expect((await act('call', { ctaPayload: payload })).code).toBe(201);
    const connect = webhooks().find((one) => summary(one) === 'connect');
    expect(connect?.value.calls?.[0]).toMatchObject({ cta_payload: payload });
    await act('hang-up');
    await clock.advance(1);
    expect(await act('call', { ctaPayload: payload })).toMatchObject({ code: 409, body: { code: 'button.gone' } });
  });

  test('that never arrived cannot be tapped', async () => {
    const { act, graph } = await running();
    await act('message', { text: 'Hi' });
    await act('reachable', { reachable: false });
    await graph('messages', message({ payload }));
    expect(await act('call', { ctaPayload: payload })).toMatchObject({ code: 409, body: { code: 'button.gone' } });
  });
});

test('a button that came some other way can be tapped', async () => {
  const { act } = await running();
  expect((await act('call', { ctaPayload: 'passed on by a friend' })).code).toBe(201);
});

test('a call by a link tells its payload in both webhooks', async () => {
  const { act, webhooks } = await running();
  await act('call', { deeplinkPayload: 'site-header' });
  await act('hang-up');
  expect(webhooks().flatMap(({ value }) => value.calls ?? [])).toMatchObject([
    { event: 'connect', deeplink_payload: 'site-header' },
    { event: 'terminate', deeplink_payload: 'site-header' },
  ]);
});
