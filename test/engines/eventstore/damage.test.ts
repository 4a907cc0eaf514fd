import {
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backup } from '../../../engines/eventstore/backup.ts';
import { Batch } from '../../../engines/eventstore/batch.ts';
import { frameBound, TOMBSTONE, writeFrame } from '../../../engines/eventstore/event-frame.ts';
import { DamagedLog } from '../../../engines/eventstore/recovery.ts';
import { createSegment, listSegments, segmentName } from '../../../engines/eventstore/segment.ts';
import { verify } from '../../../engines/eventstore/verify.ts';
import { type Append, appendAll, contentOf, event, freshDir, open, type Written } from './logs.ts';
import { failureOf } from './running.ts';

/** A log of several segments that was closed, with its content and the names of its segments. */
async function closedLog(): Promise<{ dir: string; model: Written[]; segments: string[] }> {
  const dir = freshDir();
  const store = open(dir);
  const model: Written[] = [];
  for (let stream = 0; stream < 12; stream++) {
    const requests: Append[] = [{ stream: stream % 3, sizes: [400, 300, 500] }];
    model.push(...(await appendAll(store, requests)));
  }
  await store.close();
  const segments = listSegments(dir).map(segmentName);
  expect(segments.length).toBeGreaterThan(3);
  return { dir, model, segments };
}

const indexOf = (segment: string) => segment.replace('.seg', '.idx');

test.each<[string, (segments: string[]) => string[], number]>([
  ['its first segment', (all) => [all[0]!], 0],
  ['its first segment with the index', (all) => [all[0]!, indexOf(all[0]!)], 0],
  ['a segment in the middle', (all) => [all[1]!], 1],
  ['a segment in the middle with the index', (all) => [all[1]!, indexOf(all[1]!)], 1],
  ['its last segment', (all) => [all.at(-1)!], -1],
  ['every segment', (all) => all, 0],
])('a log that lost %s is not opened, not backed up and found damaged', async (_title, choose, missing) => {
  const { dir, segments } = await closedLog();
  for (const name of choose(segments)) rmSync(join(dir, name));
  expect(() => open(dir)).toThrow(DamagedLog);
  if (missing !== 1) expect(() => open(dir)).toThrow(`${segments.at(missing)} is missing`);
  expect((await verify(dir)).damage).toBeDefined();
  expect(await failureOf(backup(dir, join(freshDir(), 'copy')))).toBeInstanceOf(Error);
});

test('a log that was closed and then cut is not opened, not backed up and found damaged', async () => {
  const { dir, segments } = await closedLog();
  const last = join(dir, segments.at(-1)!);
  const whole = readFileSync(last);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      writeFileSync(last, whole);
      truncateSync(last, length);
      expect((await verify(dir)).damage).toBeDefined();
      expect(await failureOf(backup(dir, join(freshDir(), 'copy')))).toBeInstanceOf(Error);
      expect(() => open(dir)).toThrow(DamagedLog);
      expect(statSync(last).size).toBe(length);
    }),
    { numRuns: 25, seed: 20261122 },
  );
});

test('a bit flipped in any segment of a closed log never changes what is read', async () => {
  const { dir, model, segments } = await closedLog();
  await fc.assert(
    fc.asyncProperty(
      fc.nat(segments.length - 1),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.nat(7),
      async (place, share, bit) => {
        const path = join(dir, segments[place]!);
        const whole = readFileSync(path);
        const flipped = Buffer.from(whole);
        flipped[Math.floor(whole.length * share)]! ^= 1 << bit;
        writeFileSync(path, flipped);
        const failures: Error[] = [];
        expect(() => {
          const store = open(dir, { onFailure: (error) => failures.push(error) });
          try {
            contentOf(store);
          } finally {
            store.log.close();
          }
        }).toThrow(DamagedLog);
        expect(failures.every((failure) => failure instanceof DamagedLog)).toBe(true);
        writeFileSync(path, whole);
      },
    ),
    { numRuns: 60, seed: 20261122 },
  );
  const store = open(dir);
  expect(contentOf(store)).toEqual(model);
  await store.close();
});

test('a damaged index costs nothing but the time to read', async () => {
  const { dir, model, segments } = await closedLog();
  await fc.assert(
    fc.asyncProperty(
      fc.nat(segments.length - 1),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.constantFrom('flip', 'cut'),
      async (place, share, how) => {
        const path = join(dir, indexOf(segments[place]!));
        const whole = readFileSync(path);
        const at = Math.floor(whole.length * share);
        const broken = Buffer.from(how === 'cut' ? whole.subarray(0, at) : whole);
        if (how === 'flip') broken[at]! ^= 1;
        writeFileSync(path, broken);
        const store = open(dir);
        expect(contentOf(store)).toEqual(model);
        await store.close();
        expect((await verify(dir)).damage).toBeUndefined();
        writeFileSync(path, whole);
      },
    ),
    { numRuns: 40, seed: 20261122 },
  );
});

/** A log of one record with an event for each revision of stream `s`, `shift` bytes from where it says that it stands. */
function forgedLog(revisions: readonly number[], shift = 0): string {
  const dir = freshDir();
  const segment = createSegment(dir, 0);
  const batch = new Batch(segment.end, false);
  const [stream, createdAt] = [Buffer.from('s'), 1_700_000_000_000];
  for (const revision of revisions) {
    const place = { stream, revision, createdAt, position: batch.end + shift };
    batch.add(frameBound(event(), stream), (target, at) => writeFrame(target, at, event(), place));
  }
  writeSync(segment.fd, batch.close(), 0, undefined, segment.end);
  closeSync(segment.fd);
  return dir;
}

test.each<[string, number[], number, string | undefined]>([
  ['without a gap', [0, 1, 2], 0, undefined],
  ['without a gap, then the end of the stream', [0, 1, TOMBSTONE], 0, undefined],
  ['from 1', [1], 0, 'revision 1 of stream s where 0 belongs'],
  ['with a gap', [0, 2], 0, 'revision 2 of stream s where 1 belongs'],
  ['with a repetition', [0, 0], 0, 'revision 0 of stream s where 1 belongs'],
  ['behind the end of the stream', [0, TOMBSTONE, 1], 0, 'revision 1 of stream s'],
  ['whose events do not stand where they say', [0], 1, 'an event of position 81 stands here'],
])('a verification of checksums that fit and revisions %s says so', async (_title, revisions, shift, reason) => {
  const { damage, events } = await verify(forgedLog(revisions, shift));
  if (reason === undefined) expect({ damage, events }).toEqual({ damage: undefined, events: revisions.length });
  else expect(damage).toMatchObject({ segment: segmentName(0), reason: expect.stringContaining(reason) });
});

test('the index of another segment is not taken for its own', async () => {
  const { dir, model, segments } = await closedLog();
  writeFileSync(join(dir, indexOf(segments[1]!)), readFileSync(join(dir, indexOf(segments[2]!))));
  const store = open(dir);
  expect(contentOf(store)).toEqual(model);
  await store.close();
});

test('files that are none of the log are left alone', async () => {
  const { dir, model, segments } = await closedLog();
  const strangers = ['notes.txt', `${indexOf(segments[0]!)}.new`, '1.seg'];
  for (const name of strangers) writeFileSync(join(dir, name), 'x');
  const store = open(dir);
  expect(contentOf(store)).toEqual(model);
  await store.close();
  expect(readdirSync(dir)).toEqual(expect.arrayContaining(strangers));
});
