import { expect, test } from 'vitest';
import { answer, hours, permissionTemplate, running, seconds, start } from './running.ts';

const day = { start: start / 1_000, end: start / 1_000 + 86_400 };
const daily = `.start(${day.start}).end(${day.end + 86_400}).granularity(DAILY)`;
const ask = ({ send }: Awaited<ReturnType<typeof running>>, fields: string) =>
  send('GET', `/v23.0/900000000000001?fields=${encodeURIComponent(fields)}`);

/** An outgoing call that lasts this long. */
async function talk({ place, act, advance }: Awaited<ReturnType<typeof running>>, lasting: number) {
  await place();
  await act('answer');
  await advance(seconds(lasting));
  await act('hang-up');
}

test('bills an outgoing call by started pulses of six seconds', async () => {
  const simulator = await running();
  await simulator.permit();
  await talk(simulator, 56);
  await talk(simulator, 60);

  const { body } = await ask(simulator, `call_analytics${daily}`);

  expect(body).toEqual({
    call_analytics: {
      granularity: 'DAILY',
      data_points: [{ ...day, cost: 1.7, count: 2, average_duration: 58 }],
    },
    id: '900000000000001',
  });
});

test('never bills an incoming call nor one nobody picked up', async () => {
  const simulator = await running();
  const { act, graph, permit, place } = simulator;
  const { body: incoming } = await act('call');
  await graph('calls', { action: 'accept', call_id: incoming.metaCallId, session: answer });
  await simulator.advance(seconds(60));
  await act('hang-up');
  await permit();
  await place();
  await act('decline');

  const { body } = await ask(simulator, `call_analytics${daily}.dimensions(["DIRECTION"])`);

  expect(body.call_analytics).toMatchObject({
    data_points: [{ direction: 'USER_INITIATED', cost: 0, count: 1 }],
  });
});

test('tells days, numbers, countries and directions apart, and filters by them', async () => {
  const simulator = await running();
  await simulator.permit();
  await talk(simulator, 6);
  await simulator.advance(hours(24));
  await talk(simulator, 12);
  const fields = `call_analytics${daily}.dimensions(phone,country,direction).metric_types(COUNT)`;
  const where = { phone_number: '910000000001', country: 'IN', direction: 'BUSINESS_INITIATED', count: 1 };

  const all = await ask(simulator, fields);
  const none = await ask(simulator, `${fields}.country_codes(["AE"])`);

  expect(all.body.call_analytics).toMatchObject({
    data_points: [
      { ...day, ...where },
      { start: day.end, end: day.end + 86_400, ...where },
    ],
  });
  expect(none.body.call_analytics).toMatchObject({ data_points: [] });
});

test('prices delivered templates, and nothing inside the service window', async () => {
  const simulator = await running();
  const { graph, act } = simulator;
  const text = { to: permissionTemplate.to, type: 'text', text: { body: 'Hello' } };
  await graph('messages', permissionTemplate);
  await act('message', { text: 'Hi' });
  await graph('messages', text);
  await act('reachable', { reachable: false });
  await graph('messages', text);

  const fields = `currency,pricing_analytics${daily}.dimensions(["PHONE","PRICING_CATEGORY","PRICING_TYPE"])`;
  const { body } = await ask(simulator, fields);

  const point = { ...day, phone_number: '910000000001', volume: 1 };
  expect(body).toEqual({
    currency: 'INR',
    pricing_analytics: {
      data: [
        {
          data_points: [
            { ...point, pricing_category: 'UTILITY', pricing_type: 'REGULAR', cost: 0.115 },
            { ...point, pricing_category: 'SERVICE', pricing_type: 'FREE_CUSTOMER_SERVICE', cost: 0 },
          ],
        },
      ],
    },
    id: '900000000000001',
  });
});

test('revises its figures when told so', async () => {
  const simulator = await running();
  await simulator.permit();
  await talk(simulator, 60);

  await simulator.send('POST', '/simulator/costs', { factor: 1.1 });

  const { body } = await ask(simulator, `call_analytics${daily}.metric_types(COST)`);
  expect(body.call_analytics).toMatchObject({ data_points: [{ ...day, cost: 0.935 }] });
});

test.each([
  'name',
  '',
  'call_analytics',
  'call_analytics.start(2).end(1).granularity(DAILY)',
  `call_analytics.start(1).end(2)`,
])('refuses the fields "%s"', async (fields) => {
  expect((await ask(await running(), fields)).body.error.code).toBe(100);
});
