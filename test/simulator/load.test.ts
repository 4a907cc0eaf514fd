import { expect, test } from 'vitest';
import { channelId, running, seconds, start, summary } from './running.ts';

const callers = Array.from({ length: 1_000 }, (_, n) => String(910_000_100_000 + n));

test('lets a thousand customers call at once, each told of in order', { timeout: 120_000 }, async () => {
  const { customers, delivered, advance, webhooks } = await running();

  for (const waId of callers) customers.call({ waId, channelId });
  await delivered();
  await advance(seconds(60));

  const told = new Map<unknown, string[]>();
  for (const webhook of webhooks()) {
    const { from } = webhook.value.calls![0]!;
    told.set(from, [...(told.get(from) ?? []), summary(webhook)]);
  }
  expect(told.size).toBe(callers.length);
  expect(new Set([...told.values()].map(String))).toEqual(new Set(['connect,terminate']));
});

test('goes on to tell of the last ten thousand webhooks when nobody has listened', { timeout: 120_000 }, async () => {
  const { customers, delivered, send, receiver, advance } = await running();
  receiver.answer = () => 503;
  const written = 10_050;
  for (let n = 0; n < written; n++) customers.write({ waId: callers[n % 100]!, channelId }, `text ${n}`);
  await delivered();
  expect((await send('GET', '/simulator/webhooks')).body).toEqual({ waiting: 10_000, givenUp: 50 });

  receiver.received.length = 0;
  receiver.answer = () => 200;
  await advance(seconds(2));

  const texts = receiver.received.map(({ value }) => (value.messages![0]!.text as { body: string }).body);
  expect(texts.length).toBe(10_000);
  expect(texts).not.toContain('text 49');
  expect(texts).toContain('text 50');
  const ofOne = texts.map((text) => Number(text.slice(5))).filter((n) => n % 100 === 7);
  expect(ofOne).toEqual(ofOne.toSorted((a, b) => a - b));
  expect(receiver.received.every(({ at }) => at >= start)).toBe(true);
});
