import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { printWhatIf, type Report } from '../../cli/what-if.ts';
import { catalogue } from '../../domain/index.ts';
import { connectDocuments } from '../../store/documents.ts';
import { embeddedUrl, launch, listening, type Service } from '../../store/embedded.ts';
import { eventLog } from '../../store/event-log.ts';
import { keyRing } from '../../store/keys.ts';
import { called, channelSet, configured, inRow, onDuty } from '../domain/what-if/facts.ts';
import { cli } from './cli.ts';

/** Five calls of 5 January 2026, the last one of which nobody could have. */
const story = inRow([
  channelSet(),
  configured({ mode: 'round_robin' }),
  onDuty('ana'),
  onDuty('ben'),
  called('c1', 0, { by: 'ana', after: 6, talked: 90 }),
  called('c2', 600, { by: 'ben', after: 8, talked: 3_600 }),
  called('c3', 700, { by: 'ana', after: 4, talked: 3_600 }),
  called('c4', 1_200, { missed: 'no_agent_available' }),
  called('c5', 6_000, { by: 'ben', rangFor: 30 }),
]);
const ofThatDay = ['--store', 'acme', '--from', '2026-01-05', '--to', '2026-01-06T00:00:00Z'];

let dir: string;
const servers: ChildProcess[] = [];
const serve = async (service: Service) => {
  const options = { service, dataDir: dir, onStart() {}, onListening() {}, onEnd() {} } as const;
  const child = launch(options);
  servers.push(child);
  await listening(child, options);
  return embeddedUrl(dir, service);
};
const stop = async () => {
  for (const server of servers.splice(0)) {
    const exit = once(server, 'exit');
    server.kill('SIGTERM');
    await exit;
  }
};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ringbook-what-if-'));
  const [url, documentsUrl] = await Promise.all([serve('eventstore'), serve('documents')]);
  const documents = await connectDocuments(documentsUrl);
  const log = eventLog({ url, keys: keyRing(documents.db) });
  for (const [i, event] of story.entries()) {
    const commandId = `command ${i}`;
    const by = {
      store: 'acme',
      actor: { type: 'system', id: 'test' },
      $correlationId: '-',
      $causationId: '-',
    } as const;
    await log.append(`${catalogue.get(event.type)?.category}-acme`, [event], 'any', { ...by, commandId });
  }
  await log.close();
  await documents.close();
});
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await stop();
  await rm(dir, { recursive: true, force: true });
});

const whatIf = (...args: string[]) => cli(['routing', 'what-if', ...args], { DATA_DIR: dir });
const reportOf = async (...args: string[]): Promise<Report> => {
  const { code, out, err } = await whatIf('--json', ...args);
  expect(code, err).toBe(0); // long work tells how far it is
  return JSON.parse(out);
};

describe('what if', () => {
  test('answers in three columns, agent by agent, and says what it takes for granted', async () => {
    const { code, out } = await whatIf(...ofThatDay, '--mode', 'unassigned');
    expect(code).toBe(0);
    expect(out).toMatch(/^acme, 2026-01-05T00:00:00.000Z until 2026-01-06T00:00:00.000Z; asked: mode unassigned$/m);
    expect(out).toMatch(/happened +rules of then +rules asked/);
    expect(out).toMatch(/^missed rate +40.0 % +40.0 % +100.0 %$/m);
    expect(out).toMatch(/^ {2}unassigned_mode +0 +0 +5$/m);
    expect(out).toMatch(/^ana +2 \/ 2 \/ 0 +2 \/ 2 \/ 0 +1:01 \/ 1:01 \/ 0:00/m);
    expect(out).toMatch(/replay has 5 of 5 calls \(100.0 %\) as they were/);
    expect(out).toMatch(/Taken for granted:\n- /);
  });

  test('takes a number, a file, and both: what is named by itself comes first', async () => {
    const file = join(dir, 'rules.json');
    await writeFile(
      file,
      JSON.stringify({ mode: 'load_balancer', queueSeconds: 20, capacity: { teams: { care: 3 } } }),
    );
    const report = await reportOf(...ofThatDay, '--rules', file, '--queue-seconds', '40', '--capacity', '2');
    expect(report.asked).toEqual({
      mode: 'load_balancer',
      onlyIfAvailable: true,
      ringSeconds: 30,
      queueSeconds: 40,
      capacity: { global: 2, teams: { care: 3 } },
    });
    expect(report.rulesAsked).toMatchObject({ calls: 5, queued: 1, waitSeconds: { missed: { longest: 40 } } });
    expect(report).toMatchObject({ store: 'acme', from: '2026-01-05T00:00:00.000Z', replayedAlike: 5, ongoing: 0 });
  });

  test('changes only what is asked', async () => {
    const { asked, rulesOfThen, rulesAsked } = await reportOf(...ofThatDay, '--only-if-available', 'false');
    expect(asked).toEqual({ onlyIfAvailable: false });
    expect(rulesAsked).toEqual(rulesOfThen);
  });

  test.each([
    [['--mode', 'fair'], /--mode.*'fair' is invalid. Allowed choices are unassigned, round_robin/],
    [['--mod', 'unassigned'], /unknown option '--mod'[\s\S]*--mode/],
    [['--ring-seconds', '0'], /^--ring-seconds: .*>=1/],
    [['--only-if-available', 'maybe'], /Allowed choices are true, false/],
  ])('fails and says why: %j', async (args, says) => {
    const { code, out, err } = await whatIf(...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(says);
    expect(err).not.toMatch(/ at .*\.ts:\d+/);
  });

  test.each([
    [{}, /say what should be different: --mode, --only-if-available, --ring-seconds/],
    [{ queueSeconds: 'long' }, /^--queue-seconds: .*number/],
    [{ capacity: '1.5' }, /^--capacity: .*int/],
    [{ mode: 'unassigned', from: 'yesterday' }, /^--from: /],
    [{ mode: 'unassigned', from: '2026-02-01', to: '2026-01-01' }, /^--from 2026-02-01T.* is not before --to/],
    [{ mode: 'unassigned' }, /^acme has no incoming calls that began between/],
    [{ mode: 'unassigned', store: 'other' }, /^there is nothing of a store "other"/],
    [{ rules: 'nowhere.json' }, /^--rules: .*nowhere.json/],
  ])('says what is wrong with %j', async (options, says) => {
    vi.stubEnv('DATA_DIR', dir);
    await expect(printWhatIf({ store: 'acme', ...options })).rejects.toThrow(says);
  });

  test.each([
    ['{', /^--rules: .*JSON/],
    ['{"mode":"fair"}', /^--rules .*: mode: /],
    ['{"mode":"unassigned","ring":1}', /^--rules .*"ring"/],
  ])('names what is wrong in a file: %s', async (text, says) => {
    const file = join(dir, 'wrong.json');
    await writeFile(file, text);
    await expect(printWhatIf({ store: 'acme', rules: file })).rejects.toThrow(says);
  });

  test('reads stores that do not run, and says where there are none', async () => {
    await stop();
    expect((await reportOf(...ofThatDay, '--mode', 'unassigned')).rulesAsked.missed).toBe(5);
    const nowhere = await cli(['routing', 'what-if', '--mode', 'unassigned'], { DATA_DIR: join(dir, 'none') });
    expect(nowhere).toMatchObject({ code: 1, err: expect.stringMatching(/holds no stores: set DATA_DIR/) });
  });
});
