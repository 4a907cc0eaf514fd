import { expect, test } from 'vitest';
import { demoChannels, demoPeople, startDemo } from '../../simulator/demo.ts';
import { permissionTemplate, running, seconds, summary } from './running.ts';

/** The demo's waits, which pass when told instead of in real time. */
function waits() {
  const pending = new Set<{ at: number; resolve: () => void }>();
  let now = 0;
  const wait = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const stopped = () => reject(signal.reason);
      signal.addEventListener('abort', stopped);
      pending.add({
        at: now + ms,
        resolve: () => {
          signal.removeEventListener('abort', stopped);
          resolve();
        },
      });
    });
  const next = () => Math.min(...[...pending].map(({ at }) => at));
  const pass = async (ms: number) => {
    const until = now + ms;
    for (now = Math.max(now, next()); now <= until; now = next()) {
      for (const waiting of pending) {
        if (waiting.at > now) continue;
        pending.delete(waiting);
        waiting.resolve();
      }
      await new Promise(setImmediate);
    }
    now = until;
  };
  return { wait, pass };
}

async function day(seed: number, minutes: number) {
  const simulator = await running();
  const time = waits();
  const demo = startDemo({ customers: simulator.customers, seed, wait: time.wait });
  await time.pass(seconds(15));
  await simulator.delivered();
  const opening = simulator.receiver.received.map(summary);
  for (let minute = 0; minute < minutes; minute++) {
    await time.pass(seconds(60));
    await simulator.advance(seconds(60));
  }
  return { ...simulator, time, demo, opening, all: simulator.receiver.received };
}

test('begins a demo with a call within 15 seconds', async () => {
  const { demo, opening, all } = await day(1, 0);
  await demo.stop();

  expect(opening).toEqual(['connect']);
  expect(all[0]!.value.contacts).toMatchObject([{ profile: { name: expect.stringMatching(/^\w+ \w+$/) } }]);
});

test('keeps a demo calm and varied: about one visit a minute, on both numbers', async () => {
  const { demo, all } = await day(7, 60);
  await demo.stop();

  const visits = all.filter((webhook) => ['connect', 'text'].includes(summary(webhook)));
  expect(visits.length).toBeGreaterThan(40);
  expect(visits.length).toBeLessThan(90);
  expect(new Set(visits.map(summary))).toEqual(new Set(['connect', 'text']));
  const numbers = visits.map(({ value }) => (value.metadata as { phone_number_id: string }).phone_number_id);
  expect(new Set(numbers)).toEqual(new Set(demoChannels));
});

test('plays the same demo for the same seed', async () => {
  const played = await Promise.all([3, 3, 4].map((seed) => day(seed, 20)));
  await Promise.all(played.map(({ demo }) => demo.stop()));

  const [one, same, other] = played.map(({ all }) =>
    all.map((webhook) => [summary(webhook), webhook.value.calls?.[0]?.from, webhook.value.messages?.[0]?.from]),
  );
  expect(same).toEqual(one);
  expect(other).not.toEqual(one);
});

test('has a demo customer say yes when asked and pick up when rung', async () => {
  const { demo, send, graph, time, webhooks } = await day(2, 0);
  const { waId } = demoPeople[0]!;
  await send('POST', `/simulator/customers/${waId}/permission`, {
    channelId: demoChannels[0],
    response: 'reject',
    source: 'profile',
  });
  webhooks();

  await graph('messages', { ...permissionTemplate, to: waId });
  await time.pass(seconds(5));
  await graph('calls', { action: 'connect', to: waId, session: { sdp_type: 'offer', sdp: 'v=0' } });
  await time.pass(seconds(60));
  await demo.stop();
  await graph('nothing', {});

  const about = webhooks().filter(({ value }) => JSON.stringify(value).includes(waId));
  expect(about.map(summary)).toEqual(expect.arrayContaining(['interactive', 'RINGING', 'ACCEPTED']));
});

test('stops a demo at once', async () => {
  const { customers, delivered, receiver } = await running();

  await startDemo({ customers }).stop();
  await delivered();

  expect(receiver.received).toEqual([]);
});
