import { closeSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backup } from '../../../engines/eventstore/backup.ts';
import { EventIndex } from '../../../engines/eventstore/event-index.ts';
import { DamagedLog } from '../../../engines/eventstore/recovery.ts';
import { createSegment, listSegments, segmentName } from '../../../engines/eventstore/segment.ts';
import { encodeSidecar, writeSidecar } from '../../../engines/eventstore/sidecar.ts';
import type { EventStore } from '../../../engines/eventstore/store.ts';
import { NameTable, StreamTable } from '../../../engines/eventstore/stream-table.ts';
import { verify } from '../../../engines/eventstore/verify.ts';
import {
  type Append,
  abandoned,
  appendAll,
  appended,
  appends,
  contentOf,
  event,
  freshDir,
  open,
  type Written,
} from './logs.ts';

const RUNS = { numRuns: 15, seed: 20261122, endOnFailure: true };

type Step = { do: 'append'; requests: Append[] } | { do: 'close' | 'kill' | 'lose indexes' | 'back up' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(appends, { maxLength: 8 }).map((requests) => ({ do: 'append' as const, requests })),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('close', 'kill', 'lose indexes', 'back up').map((what) => ({ do: what }) as Step),
  },
);

async function reopened(dir: string, store: EventStore, how: Step['do']): Promise<string> {
  const copy = how === 'kill' ? abandoned(dir) : dir;
  await store.close();
  if (how === 'lose indexes') {
    for (const name of readdirSync(copy)) if (name.endsWith('.idx')) rmSync(join(copy, name));
  }
  if (how !== 'back up') return copy;
  const target = join(freshDir(), 'copy');
  await backup(copy, target);
  return target;
}

test('a log gives back what was appended, however often it is closed, killed, stripped of indexes or restored', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 12 }), async (script) => {
      let dir = freshDir();
      let store = open(dir);
      const model: Written[] = [];
      for (const step of script) {
        if (step.do === 'append') model.push(...(await appendAll(store, step.requests)));
        else {
          dir = await reopened(dir, store, step.do);
          store = open(dir);
        }
        expect(contentOf(store)).toEqual(model);
      }
      await store.close();
      expect(await verify(dir)).toMatchObject({ events: model.length, damage: undefined, unfinishedBytes: 0 });
    }),
    RUNS,
  );
});

/** A log of a killed process with its content, and the path of its last segment. */
async function someLog(requests: readonly Append[], more: readonly Append[]) {
  const dir = freshDir();
  const store = open(dir);
  const model = [...(await appendAll(store, requests)), ...(await appendAll(store, more))];
  const copy = abandoned(dir);
  await store.close();
  const last = join(copy, segmentName(listSegments(copy).at(-1)!));
  return { dir: copy, last, model };
}

const some = fc.array(appends, { minLength: 1, maxLength: 8 });

test('an index that was lost is written again when the log is opened', async () => {
  const dir = freshDir();
  const first = open(dir);
  await appendAll(first, Array(20).fill({ stream: 0, sizes: [600] }));
  await first.close();
  const indexes = () => readdirSync(dir).filter((name) => name.endsWith('.idx'));
  const all = indexes();
  expect(all.length).toBeGreaterThan(2);
  rmSync(join(dir, all[1]!));
  await open(dir).close();
  expect(indexes()).toEqual(all);
});

test('a log cut anywhere in its last segment opens with a beginning of it, and goes on', async () => {
  await fc.assert(
    fc.asyncProperty(some, some, fc.double({ min: 0, max: 1, noNaN: true }), async (requests, more, share) => {
      const { dir, last, model } = await someLog(requests, more);
      truncateSync(last, Math.floor(statSync(last).size * share));
      const store = open(dir);
      const kept = contentOf(store);
      expect(kept).toEqual(model.slice(0, kept.length));
      const added = await appendAll(store, requests);
      await store.close();
      const again = open(dir);
      expect(contentOf(again)).toEqual([...kept, ...added]);
      await again.close();
    }),
    RUNS,
  );
});

test('a log with rubbish behind it opens whole', async () => {
  await fc.assert(
    fc.asyncProperty(some, fc.uint8Array({ minLength: 1, maxLength: 200 }), async (requests, rubbish) => {
      const { dir, last, model } = await someLog(requests, []);
      writeFileSync(last, Buffer.concat([readFileSync(last), rubbish]));
      const store = open(dir);
      expect(contentOf(store)).toEqual(model);
      await store.close();
    }),
    RUNS,
  );
});

test('a flipped bit never changes an event: the log opens with a beginning of it or not at all', async () => {
  await fc.assert(
    fc.asyncProperty(
      some,
      some,
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.nat(7),
      async (requests, more, share, bit) => {
        const { dir, last, model } = await someLog(requests, more);
        const bytes = readFileSync(last);
        const offset = Math.floor(bytes.length * share);
        bytes[offset]! ^= 1 << bit;
        writeFileSync(last, bytes);
        const { damage, unfinishedBytes } = await verify(dir);
        expect(damage === undefined ? unfinishedBytes > 0 : damage.offset <= offset).toBe(true);
        try {
          const store = open(dir);
          const kept = contentOf(store);
          expect(kept).toEqual(model.slice(0, kept.length));
          expect(kept.length).toBeLessThan(model.length);
          await store.close();
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedLog);
        }
      },
    ),
    RUNS,
  );
});

test('an event is visible when it is durable, while the next append already counts it', async () => {
  const store = open(freshDir());
  const seen: string[] = [];
  const outcomes = (['no_stream', 0n, 0n] as const).map((expected) =>
    appended(store, 's', expected, [event()]).then(({ is }) => seen.push(`${is}, ${store.visible} visible`)),
  );
  expect(store.visible).toBe(0);
  expect(store.streams.countBelow(0, store.visible)).toBe(0);
  await Promise.all(outcomes);
  expect(seen).toEqual(['written, 2 visible', 'written, 2 visible', 'wrong-revision, 2 visible']);
  await store.close();
});

test('a repeated append is recognised after the log was opened again, with and without its index', async () => {
  const dir = freshDir();
  const events = [event()];
  const outcomes = [];
  for (const losesIndex of [false, true, false]) {
    const store = open(dir);
    outcomes.push(await appended(store, 's', 'any', events));
    await store.close();
    if (losesIndex) for (const name of readdirSync(dir)) if (name.endsWith('.idx')) rmSync(join(dir, name));
  }
  expect(outcomes[0]).toMatchObject({ is: 'written', revision: 0 });
  expect(outcomes).toEqual([outcomes[0], outcomes[0], outcomes[0]]);
});

test('a repeated append is recognised while the first is still on its way to the disk', async () => {
  const store = open(freshDir());
  const events = [event()];
  const repeats = (['any', 'any', 'no_stream'] as const).map((expected) => appended(store, 's', expected, events));
  const outcomes = await Promise.all(repeats);
  expect(outcomes).toEqual(Array(3).fill({ is: 'written', revision: 0, position: store.index.position[0] }));
  expect(store.visible).toBe(1);
  await store.close();
});

test('events are in the order of their times even when the clock goes back', async () => {
  const dir = freshDir();
  const store = open(dir);
  const { now } = Date;
  try {
    for (const shift of [0, 3_600_000, -3_600_000, 60_000]) {
      Date.now = () => now() + shift;
      await appended(store, 's', 'any', [event()]);
    }
  } finally {
    Date.now = now;
  }
  const times = [...store.index.createdAt.subarray(0, 4)];
  expect(times).toEqual([...times].sort((one, other) => one - other));
  await store.close();
  const again = open(dir);
  await appended(again, 's', 'any', [event()]);
  expect(again.index.createdAt[4]).toBe(times.at(-1));
  await again.close();
});

test('positions may be beyond 32 bits', async () => {
  const dir = freshDir();
  const beyond = 5_000_000_000;
  closeSync(createSegment(dir, 0).fd);
  truncateSync(join(dir, segmentName(0)), beyond); // sparse: it takes no room
  await writeSidecar(dir, 0, encodeSidecar(emptyIndex(), 0, beyond, 0, 0));
  closeSync(createSegment(dir, beyond).fd);
  const store = open(dir);
  const model = await appendAll(store, [{ stream: 0, sizes: [1, 2, 3] }]);
  expect(store.index.position[0]).toBe(beyond + 64 + 16);
  await store.close();
  const again = open(dir);
  expect(contentOf(again)).toEqual(model);
  expect(again.index.firstFrom(beyond + 64 + 17)).toBe(1);
  await again.close();
});

const emptyIndex = () => ({ index: new EventIndex(), streams: new StreamTable(), types: new NameTable() });
