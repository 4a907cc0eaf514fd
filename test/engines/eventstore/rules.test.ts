import { randomUUID } from 'node:crypto';
import { ANY, type AppendExpectedRevision, jsonEvent, NO_STREAM, STREAM_EXISTS } from '@eventstore/db-client';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { all, freshName, runEventStore } from './running.ts';

const running = runEventStore({ segmentSize: 100_000 });

/** EventStoreDB's rules for one stream, told once more and without regard to how the server keeps it. */
interface Model {
  ids: string[];
  /** What its newest metadata hides; undefined without any. */
  metadata: { maxCount?: number; before?: number; isDeleted?: boolean } | undefined;
  isBuried: boolean;
}

type Answer = number | 'wrong-expected-version' | 'stream-deleted';

function revisionOf(expected: AppendExpectedRevision): number {
  return expected === NO_STREAM ? -1 : Number(expected);
}

/** Where an append of `ids` ends that was made before; undefined if it is new, 'wrong' if it repeats one in part. */
function repeated(model: Model, expected: AppendExpectedRevision, ids: string[]): number | 'wrong' | undefined {
  const isAnywhere = expected === ANY || expected === STREAM_EXISTS;
  const places = ids.map((id, place) => {
    if (isAnywhere) return model.ids.lastIndexOf(id);
    const revision = revisionOf(expected) + 1 + place;
    return model.ids[revision] === id ? revision : -1;
  });
  const firstNew = places.indexOf(-1);
  if (firstNew === -1) return places.at(-1);
  return firstNew === 0 ? undefined : 'wrong';
}

function answerTo(model: Model, expected: AppendExpectedRevision, ids: string[]): Answer {
  const last = model.ids.length - 1;
  if (model.isBuried) return 'stream-deleted';
  if (expected === STREAM_EXISTS && model.metadata?.isDeleted) return 'stream-deleted';
  if (expected === STREAM_EXISTS && last === -1 && model.metadata === undefined) return 'wrong-expected-version';
  const before = revisionOf(expected) === last ? undefined : repeated(model, expected, ids);
  if (before === 'wrong') return 'wrong-expected-version';
  if (before !== undefined) return before;
  const isFree = expected === ANY || expected === STREAM_EXISTS || revisionOf(expected) === last;
  const isRestart = expected === NO_STREAM && model.metadata?.isDeleted;
  return isFree || isRestart ? last + ids.length : 'wrong-expected-version';
}

function visible({ ids, metadata, isBuried }: Model): number[] | 'stream-deleted' | 'stream-not-found' {
  if (isBuried) return 'stream-deleted';
  if (ids.length === 0 || metadata?.isDeleted) return 'stream-not-found';
  const first = Math.max(metadata?.before ?? 0, ids.length - (metadata?.maxCount ?? Number.POSITIVE_INFINITY));
  return [...ids.keys()].filter((revision) => revision >= first);
}

/** An expectation by what it says of the stream's last revision, which is known only when it is sent. */
const expectations = fc.constantFrom<AppendExpectedRevision | number>(
  ANY,
  NO_STREAM,
  STREAM_EXISTS,
  -3,
  -2,
  -1,
  0,
  0,
  1,
);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      expected: expectations,
      /** How many of the stream's last ids come again, and how many new ones behind them. */
      again: fc.constantFrom(0, 0, 0, 1, 2, 3),
      fresh: fc.nat(2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('describe' as const),
      maxCount: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
      before: fc.option(fc.nat(6), { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'delete' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'bury' as const }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error: { type?: string }) => error.type ?? String(error));
}

async function append(stream: string, model: Model, { expected, again, fresh }: Step & { do: 'append' }) {
  const { length } = model.ids;
  const known = again === 0 ? [] : model.ids.slice(-again);
  const ids = [...known, ...Array.from({ length: fresh + (known.length === 0 ? 1 : 0) }, () => randomUUID())];
  const expectedRevision = typeof expected === 'number' ? BigInt(Math.max(0, length - 1 + expected)) : expected;
  const answer = answerTo(model, expectedRevision, ids);
  const events = ids.map((id) => jsonEvent({ id, type: 'T', data: {} }));
  const appended = running.client.appendToStream(stream, events, { expectedRevision });
  expect(await outcomeOf(appended.then((done) => Number(done.nextExpectedRevision)))).toBe(answer);
  if (typeof answer !== 'number' || answer < length) return;
  model.ids.push(...ids);
  if (model.metadata?.isDeleted) model.metadata = { before: length };
}

async function take(stream: string, model: Model, wanted: Step): Promise<void> {
  if (wanted.do === 'append') return append(stream, model, wanted);
  const isKnown = model.ids.length > 0 || model.metadata !== undefined;
  const refusal = wanted.do === 'delete' && !isKnown ? 'wrong-expected-version' : undefined;
  const outcome = await outcomeOf(commanded(stream, wanted));
  if (model.isBuried) return expect(outcome).toBe('stream-deleted');
  if (refusal !== undefined) return expect(outcome).toBe(refusal);
  expect(outcome).toMatchObject({ position: expect.anything() });
  if (wanted.do === 'bury') model.isBuried = true;
  else if (wanted.do === 'delete') model.metadata = { isDeleted: true };
  else model.metadata = described(model, wanted);
}

function commanded(stream: string, wanted: Exclude<Step, { do: 'append' }>): Promise<unknown> {
  if (wanted.do === 'delete') return running.client.deleteStream(stream);
  if (wanted.do === 'bury') return running.client.tombstoneStream(stream);
  const { maxCount, before } = wanted;
  return running.client.setStreamMetadata(stream, {
    ...(maxCount !== undefined && { maxCount }),
    ...(before !== undefined && { truncateBefore: before }),
  });
}

/** New metadata brings a deleted stream back, without the events it had. */
function described(model: Model, { maxCount, before }: Step & { do: 'describe' }): Model['metadata'] {
  const first = model.metadata?.isDeleted ? model.ids.length : before;
  return { ...(maxCount !== undefined && { maxCount }), ...(first !== undefined && { before: first }) };
}

test('whatever is appended, repeated, described and deleted, a stream obeys the rules of EventStoreDB', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const stream = freshName('ruled');
      const model: Model = { ids: [], metadata: undefined, isBuried: false };
      for (const each of steps) {
        await take(stream, model, each);
        const read = all(running.client.readStream(stream));
        const seen = await outcomeOf(read.then((events) => events.map(({ event }) => Number(event!.revision))));
        expect(seen).toEqual(visible(model));
      }
    }),
    { numRuns: 40, seed: 20_261_128 },
  );
}, 60_000);
