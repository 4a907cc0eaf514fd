import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { embeddedUrl, launch, listening } from '../../store/embedded.ts';
import { cli } from './cli.ts';

const segment = '0000000000000000.seg';
const events = 20;
let dir: string;
let engine: ChildProcess;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ringbook-doctor-'));
  const options = { service: 'eventstore', dataDir: dir, onStart() {}, onListening() {}, onEnd() {} } as const;
  engine = launch(options);
  await listening(engine, options);
  const client = new EventStoreDBClient({ endpoint: embeddedUrl(dir, 'eventstore') }, { insecure: true });
  for (let i = 0; i < events; i++)
    await client.appendToStream(`call-${i % 4}`, jsonEvent({ type: 'Rang', data: { i, text: 'x'.repeat(100) } }));
  await client.dispose();
});

afterAll(async () => {
  const exit = once(engine, 'exit');
  engine.kill('SIGTERM');
  await exit;
  await rm(dir, { recursive: true, force: true });
});

const doctor = async (env: Record<string, string>) => {
  const { code, out } = await cli(['doctor', '--json'], env);
  const { ok, findings } = JSON.parse(out) as {
    ok: boolean;
    findings: { about: string; found: string; todo: string | null }[];
  };
  return { code, ok, findings, faults: findings.filter(({ todo }) => todo !== null) };
};

test('is content with stores that run, and says what it looked at', async () => {
  const { code, ok, findings } = await doctor({ DATA_DIR: dir });
  expect({ code, ok }).toEqual({ code: 0, ok: true });
  expect(findings.map(({ found }) => found).join('\n')).toMatch(
    /runs and answers[\s\S]*20 events of 4 streams in 1 file/,
  );
});

test('tells a person the same in lines', async () => {
  const { code, out } = await cli(['doctor'], { DATA_DIR: dir });
  expect(code).toBe(0);
  expect(out).toMatch(/^ok +Node: v\d+/);
  expect(out).toMatch(/ok +eventstore \(embedded\): runs and answers/);
  expect(out).toMatch(/ok +documents \(embedded\): does not run now/);
});

/** Where the records of a segment begin, as `docs/engines/eventstore.md` describes the file. */
const recordsOf = (bytes: Buffer): number[] => {
  const starts: number[] = [];
  for (let at = 64; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 4)) starts.push(at);
  return starts;
};

test.each([
  ['in the first record', 0, 20],
  ['in the checksum of a record', 7, 9],
  ['at the end of the last record', events - 1, -1],
])('finds a flipped byte %s, by file and offset', async (_, record, within) => {
  const copy = await mkdtemp(join(tmpdir(), 'ringbook-doctor-'));
  await cp(join(dir, 'eventstore', segment), join(copy, 'eventstore', segment));
  const bytes = await readFile(join(copy, 'eventstore', segment));
  const starts = recordsOf(bytes);
  const place = within < 0 ? bytes.length + within : starts[record]! + within;
  const file = await open(join(copy, 'eventstore', segment), 'r+');
  await file.write(Buffer.of(bytes[place]! ^ 1), 0, 1, place);
  await file.close();

  const { code, ok, faults } = await doctor({ DATA_DIR: copy });
  expect({ code, ok }).toEqual({ code: 1, ok: false });
  expect(faults).toEqual([
    {
      about: `event files in ${join(copy, 'eventstore')}`,
      found: `${segment} is damaged at offset ${starts[record]}: the checksum does not fit`,
      todo: expect.stringMatching(/restore DIR/),
    },
  ]);
  await rm(copy, { recursive: true, force: true });
});

test('names each variable that is wrong', async () => {
  const { code, faults } = await doctor({ DATA_DIR: dir, HTTP_PORT: 'x', REALTIME_PORT: '65536' });
  expect(code).toBe(1);
  expect(faults.map(({ found }) => found)).toEqual([
    expect.stringMatching(/^HTTP_PORT/),
    expect.stringMatching(/^REALTIME_PORT/),
  ]);
});

test('names a server that does not answer, and its variable', async () => {
  const { code, faults } = await doctor({ DATA_DIR: dir, EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false' });
  expect(code).toBe(1);
  expect(faults).toEqual([
    {
      about: 'eventstore (EVENTSTORE_URL)',
      found: expect.stringContaining('ECONNREFUSED'),
      todo: 'Start that server, or correct EVENTSTORE_URL.',
    },
  ]);
});
