import { App, type us_listen_socket, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js';
import { once } from 'node:events';
import type { Db } from 'mongodb';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { signToken, tokenVerifier } from '../http/caller.ts';
import { checkpointsOf, openCheckpoint } from '../projections/checkpoints.ts';
import { callLogs } from '../projections/index.ts';
import { createIndexes } from '../projections/indexes.ts';
import { collectionOf } from '../projections/projection.ts';
import { startRealtime } from '../realtime/server.ts';
import { printWhenRun, type Row, withStores } from './rig.ts';

const sockets = 500;
const singles = 30;
const batches = 20;
const perBatch = 50;
const secret = 'a secret of the benchmark, long enough for HS256';

const row = (name: string, value: number, unit: string, baseline: number): Row => {
  const rounded = (figure: number) => Number(figure.toPrecision(3));
  return { name, value: rounded(value), unit, baseline: rounded(baseline), ratio: rounded(value / baseline) };
};

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Connected sockets that only count: `arrived(n)` resolves once every one of them has had `n` changes. */
const audience = async (url: string, size: number, greet: (socket: WebSocket) => Promise<void>) => {
  let count = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let reached = () => {};
  const open = async () => {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, 'open');
    await greet(socket);
    socket.on('message', (data: Buffer) => {
      count += opsIn(data);
      if (count >= wanted) reached();
    });
    return socket;
  };
  const all: WebSocket[] = [];
  while (all.length < size) all.push(...(await Promise.all(Array.from({ length: Math.min(50, size) }, open))));
  return {
    arrived: (each: number) =>
      new Promise<void>((resolve) => {
        wanted = each * size;
        reached = resolve;
        if (count >= wanted) resolve();
      }),
    reset() {
      count = 0;
    },
    close: () => all.forEach((socket) => void socket.terminate()),
  };
};

const marker = Buffer.from('"op":');
const opsIn = (data: Buffer) => {
  let count = 0;
  for (let at = data.indexOf(marker); at >= 0; at = data.indexOf(marker, at + marker.length)) count++;
  return count;
};

type Audience = Awaited<ReturnType<typeof audience>>;

/** Milliseconds from a change until the last socket has it, one change at a time. */
const oneByOne = async (listeners: Audience, change: Change) => {
  const times: number[] = [];
  for (let n = 0; n < singles; n++) {
    listeners.reset();
    const startedAt = performance.now();
    const arrived = listeners.arrived(1);
    await change(n, 1);
    await arrived;
    times.push(performance.now() - startedAt);
  }
  return median(times);
};

/** Changes of a document delivered per second, over all sockets, when batches come as fast as they can. */
const inBatches = async (listeners: Audience, change: Change) => {
  listeners.reset();
  const startedAt = performance.now();
  const arrived = listeners.arrived(batches * perBatch);
  for (let n = 0; n < batches; n++) await change(1_000 + n * perBatch, perBatch);
  await arrived;
  return (batches * perBatch * sockets * 1_000) / (performance.now() - startedAt);
};

type Measured = { alone: number; together: number; throughput: number };
type Join = (size: number) => Promise<Audience>;
type Change = (from: number, count: number) => unknown;

const measured = async (join: Join, change: Change): Promise<Measured> => {
  const one = await join(1);
  await oneByOne(one, change); // warms up
  const alone = await oneByOne(one, change);
  one.close();
  const many = await join(sockets);
  const together = await oneByOne(many, change);
  const throughput = await inBatches(many, change);
  many.close();
  return { alone, together, throughput };
};

const callRow = (n: number) => ({
  callId: `call_${n}`,
  metaCallId: `wacid.HBgLMTIxODU1NTI4MjgVAgARGCAyODRQIAFRoA${n}`,
  direction: 'incoming',
  status: 'missed',
  channelName: 'Support',
  customer: { customerId: `cus_bench${n}`, waId: `9198${n}`, name: 'Asha Rao' },
  agentId: 'asha',
  startedAt: 1_700_000_000_000 + n,
});

/** The same bytes by nothing but uWebSockets.js: one topic, one text per batch. */
const bare = async () => {
  const app = App().ws('/*', { open: (ws) => void ws.subscribe('all'), maxBackpressure: 64 * 1024 * 1024 });
  const listener = await new Promise<us_listen_socket>((resolve, reject) => {
    app.listen('127.0.0.1', 0, (token) => (token ? resolve(token) : reject(new Error('cannot listen'))));
  });
  const url = `ws://127.0.0.1:${us_socket_local_port(listener)}`;
  const join: Join = (size) => audience(url, size, async () => {});
  const result = await measured(join, (from, count) => {
    const ops = Array.from({ length: count }, (_, i) => ({
      op: 'upsert',
      key: `call_${from + i}`,
      doc: callRow(from + i),
    }));
    app.publish('all', JSON.stringify({ type: 'change', id: 's1', ops }));
    return new Promise(setImmediate);
  });
  us_listen_socket_close(listener);
  return result;
};

/** Ours: from the write of the documents and the checkpoint, through the change stream, to the sockets. */
const ours = async (db: Db) => {
  await openCheckpoint(db, callLogs);
  await createIndexes(db, callLogs);
  const server = await startRealtime({
    host: '127.0.0.1',
    port: 0,
    db,
    directory: { find: async () => null },
    verify: tokenVerifier({ secret }),
    now: Date.now,
    logger: pino({ level: 'silent' }),
    callSockets: {
      open: async () => ({ role: 'standby', fence: 0 }),
      close: async () => {},
      acknowledge: async () => {},
    },
    heartbeatMs: 60_000,
  });
  const token = await signToken(secret, { sub: 'asha', store: 'bench', role: 'agent' });
  const greet = async (socket: WebSocket) => {
    socket.send(JSON.stringify({ type: 'hello', token, tab: 't' }));
    socket.send(JSON.stringify({ type: 'subscribe', id: 's1', topic: 'call-logs' }));
    await new Promise<void>((resolve) => {
      socket.on('message', (data) => String(data).includes('"caught-up"') && resolve());
    });
  };
  let at = 0n;
  const result = await measured(
    (size) => audience(server.url, size, greet),
    async (from, count) => {
      const writes = Array.from({ length: count }, (_, i) => {
        const replacement = { at: ++at, store: 'bench', doc: callRow(from + i) };
        return { replaceOne: { filter: { _id: `call_${from + i}` }, replacement, upsert: true } };
      });
      await db.collection(collectionOf(callLogs)).bulkWrite(writes as never, { ordered: false });
      await checkpointsOf(db).updateOne({ _id: collectionOf(callLogs) }, { $set: { at } });
    },
  );
  await server.stop();
  return result;
};

/** What the way from a stored document to the sockets costs beside a bare publish of the same bytes: the baseline. */
export const benchRealtime = async (): Promise<Row[]> => {
  const baseline = await bare();
  const value = await withStores(({ db }) => ours(db));
  const beside = 'beside a bare publish';
  return [
    row(`one change, stored and seen by 1 socket, ${beside}`, value.alone, 'ms', baseline.alone),
    row(`one change, stored and seen by ${sockets} sockets, ${beside}`, value.together, 'ms', baseline.together),
    row(
      `changes, ${perBatch} at a time, to ${sockets} sockets, ${beside}`,
      value.throughput,
      'deliveries/s',
      baseline.throughput,
    ),
  ];
};

await printWhenRun(import.meta.url, benchRealtime);
