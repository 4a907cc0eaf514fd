import {
  type AllStreamSubscription,
  END,
  eventTypeFilter,
  type Filter,
  jsonEvent,
  type Position,
  START,
  type StreamSubscription,
  streamNameFilter,
} from '@eventstore/db-client';
import { describe, expect, test } from 'vitest';
import { type RawCall, rawCall, shared, streams } from './raw.ts';
import { all, counted, freshName, runEventStore, until } from './running.ts';

const running = runEventStore();

/** What a subscription tells, in order: its events as `stream@revision`, and everything else in capitals. */
function logOf(subscription: AllStreamSubscription | StreamSubscription): string[] {
  const log: string[] = [];
  subscription.on('confirmation', () => log.push('CONFIRMED'));
  subscription.on('caughtUp', () => log.push('CAUGHT UP'));
  subscription.on('data', ({ event }) => log.push(`${event?.streamId}@${event?.revision}`));
  subscription.on('error', (error) => log.push(String(error)));
  return log;
}

async function appendEach(stream: string, count: number): Promise<Position[]> {
  const positions: Position[] = [];
  for (const event of counted(...Array(count).keys())) {
    positions.push((await running.client.appendToStream(stream, event)).position!);
  }
  return positions;
}

describe('a subscription to a stream', () => {
  test('is confirmed, sends what is there, says when it is live and goes on', async () => {
    const stream = freshName();
    await appendEach(stream, 2);
    const subscription = running.client.subscribeToStream(stream);
    const log = logOf(subscription);
    await until(() => log.includes('CAUGHT UP'));
    await appendEach(stream, 1);
    await until(() => log.length === 5);
    expect(log).toEqual(['CONFIRMED', `${stream}@0`, `${stream}@1`, 'CAUGHT UP', `${stream}@2`]);
    expect(subscription.id).toMatch(/^[0-9a-f-]{36}$/);
    await subscription.unsubscribe();
  });

  test.each([
    ['the start', START, [0, 1, 2, 3]],
    ['the end', END, [3]],
    ['the first revision, without it', 0n, [1, 2, 3]],
    ['the last revision, without it', 2n, [3]],
    ['the end as a number', 2n ** 64n - 1n, [3]],
  ] as const)('from %s', async (_title, fromRevision, expected) => {
    const stream = freshName();
    await appendEach(stream, 3);
    const log = logOf(running.client.subscribeToStream(stream, { fromRevision }));
    await until(() => log.includes('CAUGHT UP'));
    await appendEach(stream, 1);
    const events = () => log.filter((line) => line.includes('@'));
    await until(() => events().length === expected.length);
    expect(events()).toEqual(expected.map((revision) => `${stream}@${revision}`));
  });

  test('from a revision that is yet to come sends what is behind it', async () => {
    const stream = freshName();
    await appendEach(stream, 3);
    const log = logOf(running.client.subscribeToStream(stream, { fromRevision: 3n }));
    await until(() => log.includes('CAUGHT UP'));
    await appendEach(stream, 2);
    await until(() => log.length > 2);
    expect(log).toEqual(['CONFIRMED', 'CAUGHT UP', `${stream}@4`]);
  });

  test('waits for a stream that does not exist yet', async () => {
    const stream = freshName();
    const log = logOf(running.client.subscribeToStream(stream));
    await until(() => log.includes('CAUGHT UP'));
    await appendEach(stream, 1);
    await until(() => log.length === 3);
    expect(log).toEqual(['CONFIRMED', 'CAUGHT UP', `${stream}@0`]);
  });
});

describe('a subscription to everything', () => {
  test('from a position sends what is behind it', async () => {
    const stream = freshName();
    const [first, second, third] = await appendEach(stream, 3);
    const log = logOf(running.client.subscribeToAll({ fromPosition: first! }));
    await until(() => log.includes('CAUGHT UP'));
    expect(log).toEqual(['CONFIRMED', `${stream}@1`, `${stream}@2`, 'CAUGHT UP']);
    expect(second!.commit).toBeLessThan(third!.commit);
  });

  test('from the end sends what comes', async () => {
    const stream = freshName();
    const log = logOf(running.client.subscribeToAll({ fromPosition: END }));
    await until(() => log.includes('CAUGHT UP'));
    await appendEach(stream, 2);
    await until(() => log.length === 4);
    expect(log).toEqual(['CONFIRMED', 'CAUGHT UP', `${stream}@0`, `${stream}@1`]);
  });

  test.each([2n ** 63n - 1n, 2n ** 64n - 1n])('from %s, behind everything, sends what comes', async (place) => {
    const stream = freshName();
    const fromPosition = { commit: place, prepare: place };
    const log = logOf(running.client.subscribeToAll({ fromPosition }));
    await until(() => log.includes('CAUGHT UP'));
    await appendEach(stream, 1);
    await until(() => log.length === 3);
    expect(log).toEqual(['CONFIRMED', 'CAUGHT UP', `${stream}@0`]);
  });

  test('misses nothing and repeats nothing while others append', async () => {
    const streams = Array.from({ length: 5 }, () => freshName('busy'));
    const logs: string[][] = [];
    const appends = streams.map(async (stream) => {
      await appendEach(stream, 50);
      const filter = streamNameFilter({ prefixes: ['busy-'] });
      logs.push(logOf(running.client.subscribeToAll({ filter })));
      await appendEach(stream, 50);
    });
    await Promise.all(appends);
    for (const log of logs) {
      const events = () => log.filter((line) => line.includes('@'));
      await until(() => events().length >= 500);
      expect(new Set(events()).size).toBe(500);
      for (const stream of streams) {
        const own = events().filter((line) => line.startsWith(stream));
        expect(own).toEqual(Array.from({ length: 100 }, (_, revision) => `${stream}@${revision}`));
      }
    }
  });
});

describe('a filtered subscription', () => {
  const mine = freshName('mine');

  test.each<[string, () => Filter]>([
    ['stream names by prefix', () => streamNameFilter({ prefixes: ['nobody-', 'mine-'] })],
    ['stream names by pattern', () => streamNameFilter({ regex: '^mine' })],
    ['event types by prefix', () => eventTypeFilter({ prefixes: ['Coun'] })],
    ['event types by pattern', () => eventTypeFilter({ regex: 'ed$' })],
  ])('finds %s', async (_title, filter) => {
    await appendEach(mine, 1);
    await running.client.setStreamMetadata(freshName('other'), { maxCount: 3 });
    const log = logOf(running.client.subscribeToAll({ filter: filter() }));
    await until(() => log.includes('CAUGHT UP'));
    expect(log).toContain(`${mine}@0`);
    expect(log.filter((line) => line.startsWith('$$'))).toEqual([]);
  });

  test('refuses a pattern that is none', async () => {
    const log = logOf(running.client.subscribeToAll({ filter: streamNameFilter({ regex: '(' }) }));
    await until(() => log.length === 1);
    expect(log[0]).toContain('Invalid regular expression');
  });

  test('has checkpoints that rise, do not pass an event and end where it went live', async () => {
    const stream = freshName('rare');
    const noise = await appendEach(freshName('noise'), 100);
    const checkpoints: bigint[] = [];
    const positions: bigint[] = [];
    const subscription = running.client.subscribeToAll({
      fromPosition: noise[0]!,
      filter: streamNameFilter({
        prefixes: ['rare-'],
        maxSearchWindow: 5,
        checkpointInterval: 2,
        checkpointReached: async (_, { commit }) => {
          checkpoints.push(commit);
        },
      }),
    });
    const log = logOf(subscription);
    subscription.on('data', ({ event }) => positions.push(event!.position!.commit));
    await until(() => log.includes('CAUGHT UP'));
    expect(checkpoints.length).toBeGreaterThanOrEqual(10);
    expect(checkpoints).toEqual([...new Set(checkpoints)].sort((one, other) => Number(one - other)));
    expect(checkpoints.at(-1)).toBe(noise.at(-1)!.commit);
    const caughtUpWith = checkpoints.length;
    const rare = await appendEach(stream, 1);
    const more = await appendEach(freshName('noise'), 9);
    await until(() => checkpoints.length > caughtUpWith);
    expect(positions).toEqual(rare.map(({ commit }) => commit));
    expect(checkpoints.at(-1)).toBe(more.at(-1)!.commit);
  });
});

test('a filter that finds nothing in a long log tells all the way how far it is', async () => {
  const first = await running.client.appendToStream(freshName('noise'), counted(1));
  for (let batch = 0; batch < 5; batch++) {
    await running.client.appendToStream(freshName('noise'), counted(...Array(2000).keys()));
  }
  const checkpoints: bigint[] = [];
  const filter = streamNameFilter({
    prefixes: ['nobody-'],
    maxSearchWindow: 100,
    checkpointInterval: 5,
    checkpointReached: async (_, { commit }) => {
      checkpoints.push(commit);
    },
  });
  const log = logOf(running.client.subscribeToAll({ fromPosition: first.position!, filter }));
  await until(() => log.includes('CAUGHT UP'));
  expect(log).toEqual(['CONFIRMED', 'CAUGHT UP']);
  expect(checkpoints).toHaveLength(10_000 / 500);
  const last = await running.client.appendToStream(freshName('noise'), counted(...Array(500).keys()));
  await until(() => checkpoints.length === 21);
  expect(checkpoints.at(-1)).toBe(last.position!.commit);
});

test('hundreds of subscriptions of one client get every event, and their end disturbs nobody', async () => {
  const stream = freshName('crowd');
  const logs: string[][] = [];
  const crowd = Array.from({ length: 800 }, (_, place) => {
    const subscription =
      place % 2 === 0
        ? running.client.subscribeToAll({ fromPosition: END, filter: streamNameFilter({ prefixes: [stream] }) })
        : running.client.subscribeToStream(stream);
    logs.push(logOf(subscription));
    return subscription;
  });
  await until(() => logs.every((log) => log.includes('CAUGHT UP')));
  await appendEach(stream, 2);
  await until(() => logs.every((log) => log.length === 4));
  for (const log of logs) expect(log).toEqual(['CONFIRMED', 'CAUGHT UP', `${stream}@0`, `${stream}@1`]);
  await Promise.all(crowd.map((subscription) => subscription.unsubscribe()));
  await appendEach(stream, 1);
  expect(await all(running.client.readStream(stream))).toHaveLength(3);
  expect(logs.every((log) => log.length === 4)).toBe(true);
});

describe('subscribers that do not read', () => {
  const EVENTS = 5000;
  const STALLED = 20;

  /** About 6 MB of events. */
  async function longStream(): Promise<string> {
    const stream = freshName('slow');
    const pad = 'x'.repeat(1000);
    for (let batch = 0; batch < EVENTS / 500; batch++) {
      const events = Array.from({ length: 500 }, () => jsonEvent({ type: 'Padded', data: { pad } }));
      await running.client.appendToStream(stream, events);
    }
    return stream;
  }

  function stalledCall(stream: string): RawCall {
    const { Options } = streams.ReadReq;
    const name = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
    const start = new Options.StreamOptions().setStreamIdentifier(name).setStart(new shared.Empty());
    const options = new Options().setStream(start).setSubscription(new Options.SubscriptionOptions());
    const call = rawCall(running.server.urls[1]!, 'streams.Streams/Read');
    call.send(new streams.ReadReq().setOptions(options.setNoFilter(new shared.Empty())));
    call.stream.end();
    call.stream.once('data', () => call.stream.pause());
    return call;
  }

  test('cost the server little, and it goes on for the others', async () => {
    const stream = await longStream();
    const before = process.memoryUsage().arrayBuffers;
    const stalled = Array.from({ length: STALLED }, () => stalledCall(stream));
    await Promise.all(stalled.map(({ messages }) => until(() => messages.length > 0)));
    expect(await all(running.client.readStream(stream))).toHaveLength(EVENTS);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000);
    for (const call of stalled) call.close();
  });

  test('get everything once they read', async () => {
    const stream = await longStream();
    const call = stalledCall(stream);
    await until(() => call.messages.length > 0);
    expect(await all(running.client.readStream(stream))).toHaveLength(EVENTS);
    expect(call.messages.length).toBeLessThan(EVENTS);
    call.stream.resume();
    await until(() => call.messages.length === EVENTS + 2);
    call.close();
  });
});

test('an unsubscribed reader is told nothing any more, and others go on', async () => {
  const stream = freshName();
  const [one, other] = [running.client.subscribeToStream(stream), running.client.subscribeToStream(stream)];
  const [oneLog, otherLog] = [logOf(one), logOf(other)];
  await until(() => oneLog.includes('CAUGHT UP') && otherLog.includes('CAUGHT UP'));
  await one.unsubscribe();
  await appendEach(stream, 1);
  await until(() => otherLog.length === 3);
  expect(oneLog).toEqual(['CONFIRMED', 'CAUGHT UP']);
  await other.unsubscribe();
});
