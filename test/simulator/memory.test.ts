import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../simulator/start-simulator.ts';
import {
  accessToken,
  answer,
  appSecret,
  channelId,
  days,
  hours,
  permissionTemplate,
  running,
  seconds,
  stoppedClock,
  summary,
  waId,
} from './running.ts';

type Running = Awaited<ReturnType<typeof running>>;

const newFolder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** A simulator that keeps its world, and the one that goes on with it after a restart. */
async function restartable() {
  const dir = newFolder();
  const first = await running({ dir });
  const { clock, receiver } = first;
  const restart = async () => {
    await first.stop();
    return running({ dir, clock, receiver });
  };
  return { first, restart, dir };
}

const permissions = async ({ send }: Running) =>
  (await send('GET', `/${channelId}/call_permissions?user_wa_id=${waId}`)).body;
const everything = async ({ send }: Running) => [
  (await send('GET', `/simulator/channels/${channelId}`)).body,
  (await send('GET', `/simulator/customers/${waId}?channelId=${channelId}`)).body,
  (await send('GET', '/simulator/templates')).body,
  (await send('GET', `/${channelId}/settings`)).body,
  (await send('GET', '/900000000000001?fields=call_analytics.start(0).end(9999999999).granularity(MONTHLY)')).body,
];

test('remembers a permission, what it came from, and the use of the limits', async () => {
  const { first, restart } = await restartable();
  await first.requestPermission();
  await first.act('permission', { response: 'accept', source: 'request' });
  await first.place();
  await first.act('answer');
  await first.act('hang-up');
  await first.requestPermission();
  const before = await permissions(first);

  const second = await restart();

  expect(await permissions(second)).toEqual(before);
  expect(before).toMatchObject({ permission: { status: 'temporary' }, actions: [{ can_perform_action: false }, {}] });
  expect((await second.act('permission', { response: 'reject', source: 'request' })).code).toBe(200);
});

test('remembers settings, restrictions, limits, accounts, templates, customers and costs', async () => {
  const { first, restart } = await restartable();
  const { tell, send, graph, act } = first;
  await tell('/limits', { connectedPer24h: 100 });
  await tell('/limits', { channelId, requestsPer24h: 25 });
  await tell(`/channels/${channelId}/account`, { country: 'DE' });
  await tell(`/channels/${channelId}/restrict`, { type: 'RESTRICTED_BUSINESS_INITIATED_CALLING', for: 'P30D' });
  await tell(`/customers/${waId}/profile`, { name: 'Asha', username: 'asha', hidesNumber: true });
  await tell('/templates', { registeredOnly: true });
  const components = [{ type: 'BODY', text: 'Hello' }];
  const template = { name: 'hello', language: 'en', category: 'UTILITY', components };
  await send('POST', '/900000000000001/message_templates', template);
  await tell('/templates/hello/en', { status: 'PAUSED' });
  await graph('settings', { calling: { callback_permission_status: 'ENABLED' } });
  await tell('/costs', { factor: 2 });
  const { body } = await act('call');
  await graph('calls', { action: 'accept', call_id: body.metaCallId, session: answer });
  await first.advance(seconds(61));
  await act('hang-up');
  const before = await everything(first);

  const second = await restart();

  expect(await everything(second)).toEqual(before);
  const ended = await second.graph('calls', { action: 'terminate', call_id: body.metaCallId });
  expect(ended.body.error.error_data.details).toContain('already ended');
});

test.each([
  ['nobody answers', {}, 60],
  ['the customer hangs up', { hangUpAfter: 20 }, 20],
])('lets a call go on that rings until %s', async (_title, options, after) => {
  const { first, restart } = await restartable();
  await first.act('call', options);
  await first.advance(seconds(5));

  const second = await restart();
  second.webhooks();
  await second.advance(seconds(after - 5) - 1);
  expect(second.webhooks()).toEqual([]);
  await second.advance(1);

  expect(second.webhooks().map(summary)).toEqual(['terminate']);
});

test('lets a call go on that is talked in, and bills it whole', async () => {
  const { first, restart } = await restartable();
  const { metaCallId } = (await first.act('call')).body;
  await first.graph('calls', { action: 'accept', call_id: metaCallId, session: answer });
  await first.advance(seconds(90));

  const second = await restart();
  expect(await second.act('call')).toMatchObject({ code: 409, body: { code: 'call.already_live' } });
  await second.act('hang-up');

  expect(second.webhooks().at(-1)!.value.calls![0]).toMatchObject({ id: metaCallId, duration: 90 });
});

test('ends at once what would have ended while it was away', async () => {
  const { first, restart } = await restartable();
  await first.act('call');
  await first.delivered();
  await first.stop();
  await first.clock.advance(hours(1));

  const second = await restart();

  await expect.poll(() => second.receiver.received.map(summary)).toEqual(['connect', 'terminate']);
});

test.each([
  ['nobody takes', {}],
  ['are held back', { delayMs: 5_000 }],
  ['wait to be overtaken', { reorder: 1 }],
  ['a quirk holds back', { quirks: ['terminate_first'] }],
])('delivers after a restart the webhooks that %s', async (_title, faults) => {
  const { first, restart } = await restartable();
  first.receiver.answer = () => 500;
  await first.tell('/faults', faults);
  await first.act('call');
  await first.stop();
  first.webhooks();
  first.receiver.answer = () => 200;

  const second = await restart();
  await second.delivered();

  expect(second.webhooks().map(summary)).toEqual(['connect']);
});

test('remembers until when a call button can be tapped', async () => {
  const { first, restart } = await restartable();
  await first.act('message', { text: 'Hi' });
  await first.graph('messages', {
    to: waId,
    type: 'interactive',
    interactive: {
      type: 'voice_call',
      body: { text: 'Tap' },
      action: { name: 'voice_call', parameters: { payload: 'invite-7781', ttl_minutes: 1 } },
    },
  });

  const second = await restart();
  await second.advance(seconds(60));

  expect(await second.act('call', { ctaPayload: 'invite-7781' })).toMatchObject({
    code: 409,
    body: { code: 'button.gone' },
  });
});

test('forgets faults: they end with the process', async () => {
  const { first, restart } = await restartable();
  await first.tell('/faults', { drop: 1, graph: { refuse: { code: 4, times: 100 } } });

  const second = await restart();
  await second.act('message', { text: 'through' });

  expect(second.webhooks()).toHaveLength(1);
  expect((await second.graph('messages', permissionTemplate)).code).toBe(200);
});

test('remembers nothing without a folder', async () => {
  const first = await running();
  await first.permit();
  await first.stop();

  const { clock, receiver } = first;

  expect(await permissions(await running({ clock, receiver }))).toMatchObject({
    permission: { status: 'no_permission' },
  });
});

test('says which file to remove when another has written there', async () => {
  const { first, dir } = await restartable();
  await first.permit();
  await first.stop();
  const file = join(dir, readdirSync(dir)[0]!);
  writeFileSync(file, readFileSync(file).subarray(0, 10));

  await expect(running({ dir, clock: stoppedClock(), receiver: first.receiver })).rejects.toThrow(file);
});

test('goes on when its world cannot be kept, says so, and keeps it when it can', async () => {
  const { receiver, clock } = await running();
  const dir = newFolder();
  const faults: unknown[] = [];
  const options = { host: '127.0.0.1', port: 0, webhookUrl: receiver.url, appSecret, accessToken, clock, dir };
  const simulator = await startSimulator({ ...options, onFault: (fault) => faults.push(fault) });
  onTestFinished(simulator.stop);
  rmSync(dir, { recursive: true });

  simulator.customers.write({ waId, channelId }, 'Hello');

  await expect.poll(() => faults, { timeout: 10_000 }).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
});

/** A simulator in a process of its own, on a clock that runs; it says where it listens. */
async function spawned(dir: string, webhookUrl: string) {
  const options = { host: '127.0.0.1', port: 0, webhookUrl, appSecret, accessToken, dir };
  const program = `
    import { startSimulator } from ${JSON.stringify(import.meta.resolve('../../simulator/start-simulator.ts'))};
    const clock = { now: Date.now, advance: async () => {} };
    console.log((await startSimulator({ ...${JSON.stringify(options)}, clock })).url);
  `;
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [url] = await once(createInterface({ input: child.stdout! }), 'line');
  return {
    act: (waId: string, what: string, body: object) =>
      fetch(`${url}/simulator/customers/${waId}/${what}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ channelId, ...body }),
      }).then(({ status }) => status),
    permission: async (waId: string) => {
      const response = await fetch(`${url}/${channelId}/call_permissions?user_wa_id=${waId}`, {
        headers: { authorization: `Bearer ${accessToken}` },
      });
      return ((await response.json()) as { permission: { status: string } }).permission.status;
    },
    kill: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

test('loses the last moment at most when killed at any time, and is never broken', { timeout: 120_000 }, async () => {
  const { receiver } = await running();
  const dir = newFolder();
  const accept = { response: 'accept', source: 'profile' };
  const granted: string[] = [];

  for (const messages of [0, 5, 20, 60, 150]) {
    const simulator = await spawned(dir, receiver.url);
    for (const who of granted) expect(await simulator.permission(who)).toBe('permanent');
    const who = `9100000009${10 + granted.length}`;
    await simulator.act(who, 'permission', accept);
    await expect.poll(() => readWorld(dir), { timeout: 20_000 }).toContain(who);
    granted.push(who);
    for (let n = 0; n < messages; n++) await simulator.act(`91000000${100 + n}`, 'message', { text: 'Hi' });
    await simulator.kill(); // at another moment of its writing each time
    expect(JSON.parse(readWorld(dir))).toMatchObject({ customers: expect.any(Array) });
  }
});

const readWorld = (dir: string) => readFileSync(join(dir, 'world-1.json'), 'utf8');

test('keeps the temporary permission no longer than it lasts, restart or not', async () => {
  const { first, restart } = await restartable();
  await first.requestPermission();
  await first.act('permission', { response: 'accept', source: 'request' });

  const second = await restart();
  await second.advance(days(7) - 1);
  expect((await second.place()).code).toBe(200);
  await second.act('decline');
  await second.advance(1);

  expect((await second.place()).body.error.code).toBe(138006);
});
