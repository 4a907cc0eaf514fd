import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { transactions } from '../commands/transact.ts';
import { contextOf } from '../commands/write-side.ts';
import { agent } from '../domain/agent.ts';
import { connectDocuments } from '../store/documents.ts';
import { embeddedUrl, keepRunning, type Service } from '../store/embedded.ts';
import { eventLog } from '../store/event-log.ts';
import { keyRing } from '../store/keys.ts';

type Row = { name: string; value: number; unit: string; baseline: number; ratio: number };

const agents = 50;
const commandsEach = 40;

/** Works of all agents side by side, each agent's one after the other; how many a second. */
const perSecond = async (work: (agentId: string, n: number) => Promise<unknown>) => {
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: agents }, async (_, i) => {
      for (let n = 0; n < commandsEach; n++) await work(`a${i}`, n);
    }),
  );
  return (agents * commandsEach * 1_000) / (performance.now() - startedAt);
};

const row = (name: string, value: number, baseline: number): Row => ({
  ...{ name, unit: 'commands/s', value: Math.round(value), baseline: Math.round(baseline) },
  ratio: Math.round((100 * value) / baseline) / 100,
});

/** Commands (load, decide, append) against bare appends of the same events with the same client, 50 in flight. */
export const benchCommands = async (): Promise<Row[]> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ringbook-bench-'));
  const run = (service: Service) => keepRunning({ service, dataDir, onStart() {}, onListening() {}, onEnd() {} });
  const servers = await Promise.all([run('eventstore'), run('documents')]);
  const documents = await connectDocuments(embeddedUrl(dataDir, 'documents'));
  const url = embeddedUrl(dataDir, 'eventstore');
  const log = eventLog({ url, keys: keyRing(documents.db) });
  const client = new EventStoreDBClient({ endpoint: url }, { insecure: true });

  const commandsOf = (store: string) => {
    const { transact } = transactions(log);
    const context = (commandId: string) =>
      contextOf({ store, actor: { type: 'system', id: 'bench' }, commandId, correlationId: commandId });
    const profile = { name: 'A', email: 'a@b', role: 'agent', capacity: null } as const;
    return async (agentId: string, n: number) => {
      const id = `${store}.${agentId}`;
      const register = { type: 'RegisterAgent' as const, at: 1, agentId, ...profile, teams: [] };
      if (n === 0) await transact(agent, id, register, context(`${id} register`));
      const toggle = { type: 'SetAvailability', at: n, agentId, active: n % 2 === 0, reason: null } as const;
      await transact(agent, id, toggle, context(`${id} ${n}`));
    };
  };
  const appendsTo = (prefix: string) => (agentId: string, n: number) => {
    const metadata = { store: prefix, commandId: `${agentId} ${n}`, schemaVersion: 1, happenedAt: n };
    const data = { at: n, agentId, reason: null };
    return client.appendToStream(`${prefix}-${agentId}`, jsonEvent({ type: 'AgentActivated', data, metadata }));
  };

  await perSecond(commandsOf('warm'));
  await perSecond(appendsTo('warm'));
  const baseline = await perSecond(appendsTo('bare'));
  const commands = await perSecond(commandsOf('bench'));

  await Promise.all([log.close(), client.dispose(), documents.close()]);
  await Promise.all(servers.map((server) => server.stop()));
  await rm(dataDir, { recursive: true });
  return [row(`commands, ${agents} in flight, beside bare appends`, commands, baseline)];
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.table(await benchCommands());
