import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../../engines/eventstore/backup.ts';
import { startEventStore } from '../../../engines/eventstore/server.ts';
import { verify } from '../../../engines/eventstore/verify.ts';
import { all, clientOf, counted, failureOf, runEventStore, temporaryDirectory } from './running.ts';

const running = runEventStore({ segmentSize: 20_000 });
let root = '';
let remove = async () => {};

beforeAll(async () => {
  const directory = await temporaryDirectory();
  root = directory.path;
  remove = directory.remove;
  for (let batch = 0; batch < 20; batch++) await running.client.appendToStream('before', counted(...Array(20).keys()));
});
afterAll(() => remove());

async function revisionsIn(dir: string, stream: string): Promise<number[]> {
  const socket = join(root, 'copy.sock');
  const server = await startEventStore({ dir, socket });
  const client = clientOf(`unix:${socket}`);
  const revisions = (await all(client.readStream(stream))).map(({ event }) => Number(event?.revision));
  await client.dispose();
  await server.stop();
  return revisions;
}

describe('a backup', () => {
  test('taken while the store is written to opens with everything acknowledged before', async () => {
    const target = join(root, 'live');
    let isOver = false;
    let last = 0n;
    const writing = (async () => {
      while (!isOver) last = (await running.client.appendToStream('during', counted(1, 2, 3))).nextExpectedRevision;
    })();
    await running.client.appendToStream('during', counted(0));
    const acknowledged = last;
    const copied = await backup(running.dir, target);
    isOver = true;
    await writing;
    expect(copied.segments).toBeGreaterThan(2);
    expect(await verify(target)).toMatchObject({ events: copied.events, damage: undefined, unfinishedBytes: 0 });
    expect(await revisionsIn(target, 'before')).toEqual([...Array(400).keys()]);
    const during = await revisionsIn(target, 'during');
    expect(during).toEqual([...during.keys()]);
    expect(during.length).toBeGreaterThan(Number(acknowledged));
  });

  test('goes into an empty directory, and into no other', async () => {
    const [empty, full] = [join(root, 'empty'), join(root, 'full')];
    await mkdir(empty);
    await mkdir(full);
    await writeFile(join(full, 'precious'), 'x');
    await backup(running.dir, empty);
    expect((await verify(empty)).damage).toBeUndefined();
    expect(await failureOf(backup(running.dir, full))).toMatchObject({ message: expect.stringContaining('not empty') });
    expect(await readdir(full)).toEqual(['precious']);
  });

  test('of nothing, or of a damaged store, leaves nothing', async () => {
    const damaged = join(root, 'damaged');
    await backup(running.dir, damaged);
    await damage(damaged, 500);
    for (const source of [join(root, 'nowhere'), damaged]) {
      expect(await failureOf(backup(source, join(root, 'never')))).toBeInstanceOf(Error);
    }
    expect(await readdir(root)).not.toContain('never');
  });
});

/** Flips a bit of the first segment at `offset`. */
async function damage(dir: string, offset: number): Promise<string> {
  const segment = `${'0'.repeat(16)}.seg`;
  const bytes = await readFile(join(dir, segment));
  bytes[offset]! ^= 4;
  await writeFile(join(dir, segment), bytes);
  return segment;
}

describe('a verification', () => {
  test('of a store that is running finds it whole', async () => {
    const { events, streams, segments, damage: found } = await verify(running.dir);
    expect(found).toBeUndefined();
    expect(streams).toBeGreaterThanOrEqual(1);
    expect(events).toBeGreaterThanOrEqual(400);
    expect(segments).toBe((await readdir(running.dir)).filter((name) => name.endsWith('.seg')).length);
  });

  test.each([
    ['the heading', 3, 0],
    ['the first record', 64, 64],
    ['the payload of the first record', 300, 64],
  ])('names segment and offset of damage in %s', async (_title, flipped, reported) => {
    const dir = join(root, `flip-${flipped}`);
    await backup(running.dir, dir);
    const segment = await damage(dir, flipped);
    expect((await verify(dir)).damage).toMatchObject({ segment, offset: reported });
  });

  test('names a segment that is missing', async () => {
    const dir = join(root, 'gap');
    const { segments } = await backup(running.dir, dir);
    const names = (await readdir(dir)).filter((name) => name.endsWith('.seg')).sort();
    expect(names).toHaveLength(segments);
    await rm(join(dir, names[1]!));
    expect((await verify(dir)).damage).toMatchObject({ segment: names[2], offset: 0 });
  });
});
