import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startSimulator } from '../../simulator/start-simulator.ts';
import { accessToken, appSecret, running, seconds, start, stoppedClock, summary } from './running.ts';

const who = { waId: '910000000042', channelId: '800000000000001' };

test.each([500, 404, 202, 301])(
  'tries a webhook answered with %i again, each wait twice the one before',
  async (status) => {
    const { act, advance, receiver } = await running();
    const answers = [status, status, status, 200];
    receiver.answer = () => answers.shift()!;

    await act('message', { text: 'Hello?' });
    await advance(seconds(60));

    expect(receiver.received.map(({ at }) => (at - start) / 1_000)).toEqual([0, 1, 3, 7]);
    expect(new Set(receiver.received.map(({ raw }) => raw.toString())).size).toBe(1);
  },
);

test('gives a webhook up after twelve more tries', async () => {
  const { act, advance, receiver } = await running();
  receiver.answer = () => 500;

  await act('message', { text: 'Hello?' });
  await advance(seconds(100_000));

  expect(receiver.received).toHaveLength(13);
  expect((receiver.received.at(-1)!.at - start) / 1_000).toBe(4_095);
});

test('keeps a customer’s webhooks in order while one waits for its next try, and lets other customers pass', async () => {
  const { act, advance, customers, delivered, receiver } = await running();
  const answers = [500, 500];
  receiver.answer = () => answers.shift() ?? 200;

  await act('call');
  await act('hang-up');
  customers.write({ ...who, waId: '910000000043' }, 'Hello?');
  await delivered();
  await advance(seconds(1));

  expect(receiver.received.map(summary)).toEqual(['connect', 'connect', 'text', 'connect', 'terminate']);
});

test('tries at once what waits for its next try when the customer does something else', async () => {
  const { act, receiver } = await running();
  receiver.answer = () => 500;
  await act('call');
  receiver.answer = () => 200;

  await act('hang-up');

  expect(receiver.received.map(summary)).toEqual(['connect', 'connect', 'terminate']);
});

test('does not count such a try: the webhook is given up as late as any other', async () => {
  const { act, advance, receiver } = await running();
  receiver.answer = () => 500;
  for (let text = 0; text < 20; text++) await act('message', { text: 'Hello?' });

  await advance(seconds(4_094));

  receiver.answer = () => 200;
  await advance(seconds(1));
  expect(new Set(receiver.received.slice(-20).map(({ raw }) => raw.toString())).size).toBe(20);
});

test('survives an address where nobody listens', async () => {
  const options = { host: '127.0.0.1', port: 0, webhookUrl: 'http://127.0.0.1:1/', appSecret, accessToken };
  const simulator = await startSimulator({ ...options, clock: stoppedClock() });

  simulator.customers.call(who);
  await simulator.delivered();
  await simulator.advance(seconds(70));

  expect((await fetch(`${simulator.url}/simulator/clock`)).status).toBe(200);
  await simulator.stop();
});

test('rejects a start on a port that is taken', async () => {
  const { url, receiver } = await running();
  const options = { host: '127.0.0.1', webhookUrl: receiver.url, appSecret, accessToken, clock: stoppedClock() };

  await expect(startSimulator({ ...options, port: Number(new URL(url).port) })).rejects.toThrow('EADDRINUSE');
});

test('leaves nothing behind when stopped: a process with webhooks and timers under way ends by itself', async () => {
  const { receiver } = await running();
  receiver.answer = () => 500;
  const options = { host: '127.0.0.1', port: 0, webhookUrl: receiver.url, appSecret, accessToken };
  const program = `
    import { startSimulator } from ${JSON.stringify(import.meta.resolve('../../simulator/start-simulator.ts'))};
    const clock = { now: Date.now, advance: async () => {} };
    const simulator = await startSimulator({ ...${JSON.stringify(options)}, clock });
    simulator.customers.call(${JSON.stringify(who)}, { hangUpAfter: 300 });
    await simulator.delivered();
    await fetch(simulator.url + '/simulator/clock');
    simulator.customers.write(${JSON.stringify(who)}, 'Still there?');
    await simulator.stop();
    const refused = await fetch(simulator.url).catch((error) => error.cause.code);
    console.log(refused, process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length);
  `;

  const node = promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);

  expect((await node).stdout).toBe('ECONNREFUSED 0\n');
  expect(receiver.received.map(summary)).toContain('connect');
});
