import { expect, test } from 'vitest';
import { running, seconds, summary } from './running.ts';

const numbered = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** The texts that arrive of ten written, in the order they arrive. */
async function textsUnder(faults: object) {
  const { act, send, webhooks, advance } = await running();
  expect((await send('POST', '/simulator/faults', faults)).code).toBe(200);
  for (const text of numbered) await act('message', { text });
  await advance(seconds(5));
  return webhooks().map(({ value }) => (value.messages![0]!.text as { body: string }).body);
}

test('sends every webhook once and in order without faults', async () => {
  expect(await textsUnder({})).toEqual(numbered);
});

test('sends every webhook twice when told so', async () => {
  expect(await textsUnder({ duplicate: 1 })).toEqual(numbered.flatMap((text) => [text, text]));
});

test('loses every webhook when told so', async () => {
  expect(await textsUnder({ drop: 1 })).toEqual([]);
  expect(await textsUnder({ drop: true, duplicate: true })).toEqual([]);
  expect(await textsUnder({ drop: false })).toEqual(numbered);
});

test('lets every second webhook overtake the one before when told so', async () => {
  const swapped = ['two', 'one', 'four', 'three', 'six', 'five', 'eight', 'seven', 'ten', 'nine'];
  expect(await textsUnder({ reorder: 1 })).toEqual(swapped);
});

test('sends a webhook that nothing overtakes after five seconds', async () => {
  const { act, send, webhooks, advance } = await running();
  await send('POST', '/simulator/faults', { reorder: 1 });

  await act('message', { text: 'alone' });
  await advance(seconds(5) - 1);
  expect(webhooks()).toEqual([]);
  await advance(1);
  expect(webhooks().map(summary)).toEqual(['text']);
});

test('draws the same faults for the same seed and others for another', async () => {
  const faults = { drop: 0.3, duplicate: 0.3, reorder: 0.3 };
  const [one, same, other] = [
    await textsUnder({ ...faults, seed: 5 }),
    await textsUnder({ ...faults, seed: 5 }),
    await textsUnder({ ...faults, seed: 6 }),
  ];

  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
  expect(one).not.toEqual(numbered);
});

test('holds webhooks back on the simulated clock', async () => {
  const { act, send, webhooks, advance } = await running();
  await send('POST', '/simulator/faults', { delayMs: 700 });

  await act('message', { text: 'late' });
  await advance(699);
  expect(webhooks()).toEqual([]);
  await advance(1);
  expect(webhooks().map(summary)).toEqual(['text']);
});

test('ends all faults when told of none', async () => {
  const { act, send, webhooks } = await running();
  await send('POST', '/simulator/faults', { drop: 1 });

  const { body } = await send('POST', '/simulator/faults', {});
  await act('message', { text: 'through' });

  expect(body).toEqual({ duplicate: 0, reorder: 0, drop: 0, delayMs: 0, seed: 1 });
  expect(webhooks()).toHaveLength(1);
});
