import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { append, type Outcome } from '../../../engines/eventstore/append.ts';
import { backup } from '../../../engines/eventstore/backup.ts';
import { DamagedLog } from '../../../engines/eventstore/recovery.ts';
import { listSegments, segmentName } from '../../../engines/eventstore/segment.ts';
import { EventStore } from '../../../engines/eventstore/store.ts';
import { StoredEvent } from '../../../engines/eventstore/stored-event.ts';
import { verify } from '../../../engines/eventstore/verify.ts';

const SMALL = 4096;
const RUNS = { numRuns: 15, seed: 20261122, endOnFailure: true };
const NOTHING = Buffer.alloc(0);
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'es-log-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const freshDir = () => mkdtempSync(join(root, 'log-'));
const open = (dir: string) => new EventStore(dir, { segmentSize: SMALL });

/** One append: to which stream, and the size of each event. */
const appends = fc.record({
  stream: fc.nat(4),
  sizes: fc.array(fc.nat(600), { minLength: 1, maxLength: 5 }),
});

type Append = typeof appends extends fc.Arbitrary<infer T> ? T : never;

/** What a test remembers of an event. */
interface Written {
  stream: string;
  id: string;
  data: string;
}

/** Appends without waiting for one before the next, and gives what was written when all of it is durable. */
async function appendAll(store: EventStore, requests: readonly Append[]): Promise<Written[]> {
  const written: Written[] = [];
  const outcomes = requests.map(({ stream, sizes }) => {
    const events = sizes.map((size) => ({ id: randomUUID(), data: Buffer.alloc(size, `${size}.`) }));
    written.push(...events.map(({ id, data }) => ({ stream: `s-${stream}`, id, data: data.toString() })));
    const full = events.map((event) => ({ ...event, type: 'T', isJson: false, metadata: NOTHING }));
    return new Promise<Outcome>((reply) => append(store, `s-${stream}`, 'any', full, reply));
  });
  expect((await Promise.all(outcomes)).every(({ is }) => is === 'written')).toBe(true);
  return written;
}

/** Everything in the store, which must be consistent: positions as recorded, revisions without a gap. */
function contentOf(store: EventStore): Written[] {
  const next = new Map<string, number>();
  return Array.from({ length: store.visible }, (_, seq) => {
    const event = new StoredEvent(store.frame(seq));
    const { stream } = event;
    expect(event.position).toBe(store.index.position[seq]);
    expect(event.revision).toBe(next.get(stream) ?? 0);
    expect(store.streams.eventsOf(store.streams.find(stream)!)[event.revision]).toBe(seq);
    next.set(stream, event.revision + 1);
    return { stream, id: event.id, data: event.data.toString() };
  });
}

/** What a killed process leaves: the files as they are, without the goodbye. */
function abandoned(dir: string): string {
  const copy = freshDir();
  cpSync(dir, copy, { recursive: true, filter: (source) => !source.endsWith('.new') });
  return copy;
}

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
  const event = () => ({ id: randomUUID(), type: 'T', isJson: false, metadata: NOTHING, data: NOTHING });
  const seen: string[] = [];
  const answered = new Promise<void>((done) => {
    append(store, 's', 'no_stream', [event()], ({ is }) => seen.push(`${is}, ${store.visible} visible`));
    append(store, 's', 0, [event()], ({ is }) => seen.push(`${is}, ${store.visible} visible`));
    append(store, 's', 0, [event()], ({ is }) => {
      seen.push(`${is}, ${store.visible} visible`);
      done();
    });
  });
  expect(store.visible).toBe(0);
  expect(store.streams.countBelow(0, store.visible)).toBe(0);
  await answered;
  expect(seen).toEqual(['written, 2 visible', 'written, 2 visible', 'wrong-revision, 2 visible']);
  await store.close();
});

test('a repeated append is recognised after the log was opened again, with and without its index', async () => {
  const dir = freshDir();
  const events = [{ id: randomUUID(), type: 'T', isJson: false, metadata: NOTHING, data: NOTHING }];
  const outcomes: Outcome[] = [];
  for (const losesIndex of [false, true, false]) {
    const store = open(dir);
    outcomes.push(await new Promise<Outcome>((reply) => append(store, 's', 'any', events, reply)));
    await store.close();
    if (losesIndex) for (const name of readdirSync(dir)) if (name.endsWith('.idx')) rmSync(join(dir, name));
  }
  expect(outcomes[0]).toMatchObject({ is: 'written', revision: 0 });
  expect(outcomes).toEqual([outcomes[0], outcomes[0], outcomes[0]]);
});

test('a repeated append is recognised while the first is still on its way to the disk', async () => {
  const store = open(freshDir());
  const events = [{ id: randomUUID(), type: 'T', isJson: false, metadata: NOTHING, data: NOTHING }];
  const repeat = (expected: 'any' | 'no_stream') =>
    new Promise<Outcome>((reply) => append(store, 's', expected, events, reply));
  const outcomes = await Promise.all([repeat('any'), repeat('any'), repeat('no_stream')]);
  expect(outcomes).toEqual(Array(3).fill({ is: 'written', revision: 0, position: store.index.position[0] }));
  expect(store.visible).toBe(1);
  await store.close();
});
