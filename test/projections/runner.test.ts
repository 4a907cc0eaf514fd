import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { apply, changesBy, writeChanges } from '../../projections/apply.ts';
import { openCheckpoint } from '../../projections/checkpoints.ts';
import { missedCalls, readModels } from '../../projections/index.ts';
import { type Projection, projection } from '../../projections/projection.ts';
import { readModel } from '../../projections/reader.ts';
import { projectionStates, quarantined } from '../../projections/state.ts';
import { eventually } from '../support/ringbook.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';
import { anyEvent } from './arbitrary.ts';
import { happened, noon, recorded } from './events.ts';
import { append, contents, running, stopAll } from './running.ts';

const projector = fileURLToPath(new URL('projector.ts', import.meta.url));

let servers: Stores;
let stores: Awaited<ReturnType<typeof openStores>>;
beforeAll(async () => {
  servers = await startStores();
  stores = await openStores(servers);
});
afterEach(stopAll);
afterAll(async () => {
  await stores?.close();
  await servers?.stop();
});

let versions = 100;
/** The read models in collections that no other test uses. */
const apart = (models: readonly Projection[] = readModels) => {
  versions += 1;
  return models.map((p) => ({ ...p, version: versions }));
};
const signal = AbortSignal.timeout(300_000);
const patience = { timeoutMs: 15_000, signal };

const reached = async (models: readonly Projection[], position: bigint) => {
  const all = await Promise.all(models.map((p) => readModel(stores.db, p).waitFor(position, patience)));
  expect(all).not.toContain(false);
};

const someEvents = (numRuns: number, seed: number) => fc.sample(anyEvent, { numRuns, seed });

describe('the read models', () => {
  test('follow the log', async () => {
    const models = apart();
    const { stop } = running({ ...stores, readModels: models });
    const position = await append(stores.log, [happened.opened(0), happened.received(0), happened.missed(1)]);
    await reached(models, position);
    const tickets = readModel(stores.db, models.find(({ name }) => name === 'tickets')!);
    expect(await tickets.get('demo', 't1')).toMatchObject({ store: 'demo', doc: { ticketId: 't1', status: 'open' } });
    await stop();
  });

  test('are the same whatever the batches', async () => {
    const position = await append(stores.log, someEvents(60, 1));
    const builds: (typeof readModels)[] = [];
    for (const maxBatch of [1, 7, 500]) {
      const models = apart();
      const { stop, faults } = running({ ...stores, readModels: models, maxBatch });
      await reached(models, position);
      await stop();
      expect(faults).toEqual([]);
      builds.push(models);
    }
    for (const i of readModels.keys()) {
      const [one, seven, all] = await Promise.all(builds.map((models) => contents(stores.db, models[i]!)));
      expect(one).toEqual(all);
      expect(seven).toEqual(all);
    }
  });

  test('survive kill -9 of the document store in the middle', async () => {
    const position = await append(stores.log, someEvents(120, 2));
    const [undisturbed, disturbed] = [apart(), apart()];
    const quiet = running({ ...stores, readModels: undisturbed });
    await reached(undisturbed, position);
    await quiet.stop();

    const { stop } = running({ ...stores, readModels: disturbed, maxBatch: 3 });
    const [one] = disturbed;
    await eventually(
      async () => ((await readModel(stores.db, one!).checkpoint())?.at ?? 0n) > position / 2n,
      (isHalfWay) => isHalfWay,
    );
    await servers.kill('documents');
    await servers.start('documents');
    await reached(disturbed, position);
    await stop();
    for (const i of readModels.keys())
      expect(await contents(stores.db, disturbed[i]!)).toEqual(await contents(stores.db, undisturbed[i]!));
  });

  test('survive kill -9 of the process that keeps them, and another goes on', async () => {
    const position = await append(stores.log, someEvents(80, 4));
    const [undisturbed, disturbed] = [apart(), apart()];
    const [one] = disturbed;
    const { eventstoreUrl, mongodbUrl, dbName } = servers;
    const args = [projector, JSON.stringify({ eventstoreUrl, mongodbUrl, dbName }), String(one!.version)];
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], { stdio: 'inherit' });
    const hasBegun = async () => ((await readModel(stores.db, one!).checkpoint())?.at ?? 0n) > 0n;
    const exit = once(child, 'exit');
    await eventually(hasBegun, (begun) => begun).finally(() => child.kill('SIGKILL'));
    await exit;

    for (const models of [disturbed, undisturbed]) {
      const { stop } = running({ ...stores, readModels: models });
      await reached(models, position);
      await stop();
    }
    for (const i of readModels.keys())
      expect(await contents(stores.db, disturbed[i]!)).toEqual(await contents(stores.db, undisturbed[i]!));
  });

  test('never go back when a worker that was paused writes late', async () => {
    const [p, q] = [apart([missedCalls])[0]!, apart([missedCalls])[0]!];
    const events = recorded(someEvents(60, 3));
    const now = new Date(noon);
    await apply(stores.db, p, events.slice(0, 10), now);
    const late = await changesBy(stores.db, p, events.slice(10, 30), now);
    await apply(stores.db, p, events, now);
    await expect(writeChanges(stores.db, p, late)).rejects.toThrow('duplicate key');
    await apply(stores.db, q, events, now);
    expect(await contents(stores.db, p)).toEqual(await contents(stores.db, q));
  });

  test('are kept by another process when the one that did has stopped', async () => {
    const models = apart([missedCalls]);
    const first = running({ ...stores, readModels: models });
    await reached(models, await append(stores.log, [happened.missed(1)]));
    const second = running({ ...stores, readModels: models });
    await first.stop();
    await reached(models, await append(stores.log, [happened.missed(2)]));
    await second.stop();
  });
});

describe('a new version', () => {
  test('catches up by itself, then all go on together', async () => {
    const [old, young] = [apart([missedCalls]), apart([missedCalls])];
    const before = running({ ...stores, readModels: old });
    await reached(old, await append(stores.log, [happened.missed(1, { customerId: 'cus_new' })]));
    await before.stop();

    const both = running({ ...stores, readModels: [...old, ...young] });
    await reached(
      [...old, ...young],
      await append(stores.log, [happened.missed(2, { customerId: 'cus_new', callId: 'c9' })]),
    );
    await reached(
      [...old, ...young],
      await append(stores.log, [happened.missed(3, { customerId: 'cus_new', callId: 'c8' })]),
    );
    await both.stop();
    expect(await contents(stores.db, young[0]!)).toEqual(await contents(stores.db, old[0]!));
    const [was, is] = await Promise.all([...old, ...young].map((p) => readModel(stores.db, p).checkpoint()));
    expect(is).toMatchObject({ ready: true, epoch: expect.stringMatching(/^missed_calls@\d+\.[a-z2-7]{10}$/) });
    expect(is?.epoch).not.toBe(was?.epoch);
  });

  test('keeps its epoch when it starts again', async () => {
    const [p] = apart([missedCalls]);
    const [first, again] = [await openCheckpoint(stores.db, p!), await openCheckpoint(stores.db, p!)];
    expect(again).toEqual(first);
  });
});

test('a document whose fold throws is set aside, and is told of', async () => {
  const fussy = projection<{ text: string }>({ name: 'fussy', version: 1, indexes: [] })(
    {
      NoteAdded: (_, { text }) => {
        if (text === 'poison') throw new Error('cannot read this note');
        return { text: text ?? '' };
      },
    },
    ({ ticketId }) => ticketId,
  );
  const note = (ticketId: string, text: string) => happened.noted(1, { ticketId, text });
  const { stop } = running({ ...stores, readModels: [fussy] });
  const poisoned = [note('bad', 'fine'), note('bad', 'poison'), note('good', 'fine'), note('bad', 'later')];
  const position = await append(stores.log, poisoned);
  await reached([fussy], position);
  await eventually(
    async () => (await readModel(stores.db, fussy).checkpoint())?.ready,
    (ready) => ready === true,
  );
  await stop();

  const model = readModel(stores.db, fussy);
  expect((await model.get('demo', 'bad'))?.doc).toEqual({ text: 'fine' });
  expect((await model.get('demo', 'good'))?.doc).toEqual({ text: 'fine' });
  expect(await quarantined(stores.db, fussy)).toMatchObject([
    { _id: 'bad', quarantine: { error: 'cannot read this note', skipped: 1, eventId: expect.any(String) } },
  ]);
  expect(await projectionStates(stores.db, [fussy], position, noon)).toMatchObject([
    { name: 'fussy', state: 'live', lagPositions: 0n, lagSeconds: 0, quarantined: 1 },
  ]);
});
