import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GrpcCall } from '../../engines/eventstore/grpc-call.ts';
import { GrpcError, Status } from '../../engines/eventstore/grpc-error.ts';
import { type Listener, listen } from '../../engines/eventstore/listener.ts';
import { type Batch, eventLog } from '../../store/event-log.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';
import { startProxy } from './proxy.ts';
import { addNotes, collect, contextOf, note, until } from './sample.ts';

let stores: Stores;
let open: Awaited<ReturnType<typeof openStores>>;
let leader: Awaited<ReturnType<typeof startProxy>>;
let follower: Listener;
let followerUrl = '';
let sentAway = 0;

/** Answers as a member of a cluster that is not its leader, and says where that is. */
const sendAway = (call: GrpcCall) => {
  const { port } = new URL(leader.url.replace('esdb:', 'http:'));
  const trailers = { exception: 'not-leader', 'leader-endpoint-host': '127.0.0.1', 'leader-endpoint-port': port };
  sentAway++;
  call.fail(
    call.path.endsWith('/GetSupportedMethods')
      ? new GrpcError(Status.unimplemented, 'unknown')
      : new GrpcError(Status.notFound, 'Leader info available', trailers),
  );
};

beforeAll(async () => {
  stores = await startStores();
  open = await openStores(stores);
  leader = await startProxy(stores.eventstoreUrl);
  follower = await listen({ host: '127.0.0.1', port: 0 }, sendAway, () => true);
  followerUrl = `esdb://127.0.0.1:${(follower.server.address() as AddressInfo).port}?tls=false`;
});
afterAll(async () => {
  await follower?.stop();
  leader?.close();
  await open?.close();
  await stores?.stop();
});

let streams = 0;
const freshStream = () => `ticket-${stores.dbName}.${streams++}`;

test.each<[string, (log: ReturnType<typeof eventLog>, stream: string) => Promise<unknown>]>([
  ['an append', (log, stream) => log.append(stream, [note('one')], 'none', contextOf(stream))],
  ['a read', (log, stream) => collect(log.read(stream))],
  ['the last position', (log) => log.head()],
])('%s that met a follower goes on with the leader', async (_, work) => {
  const log = eventLog({ url: followerUrl, keys: open.keys });
  const before = sentAway;
  await work(log, freshStream());
  expect(sentAway).toBeGreaterThan(before);
  await log.close();
});

test('a subscription and appends survive that the leader becomes a follower, with neither gap nor repeat', async () => {
  const resigning = await startProxy(stores.eventstoreUrl);
  const log = eventLog({ url: resigning.url, keys: open.keys });
  const [stream, from] = [freshStream(), await log.head()];
  const stop = new AbortController();
  const batches: Batch[] = [];
  const texts = () => batches.flatMap(({ events }) => events.map(({ event }) => 'text' in event && event.text));
  const following = (async () => {
    for await (const batch of log.batches({ from, types: ['NoteAdded'], maxBatch: 10, signal: stop.signal }))
      batches.push(batch);
  })();

  await until(
    () => batches.at(-1)?.live,
    (isLive) => isLive === true,
  );
  const before = sentAway;
  let acknowledged = 0;
  const writers = Array.from({ length: 60 }, async (_, i) => {
    await log.append(stream, [note(`${i}`)], 'any', contextOf(`${stream} ${i}`));
    if (++acknowledged === 20) resigning.redirect(followerUrl);
  });
  await Promise.all(writers);
  await addNotes(log, stream, ['last']);
  await until(texts, (seen) => seen.includes('last'));

  const stored = (await collect(log.read(stream))).map(({ event }) => 'text' in event && event.text);
  expect(sentAway).toBeGreaterThan(before);
  expect(texts()).toEqual(stored);
  expect([...stored].sort()).toEqual([...Array.from({ length: 60 }, (_, i) => `${i}`), 'last'].sort());
  stop.abort();
  await following;
  await log.close();
  resigning.close();
});
