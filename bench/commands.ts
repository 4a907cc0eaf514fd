import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { transactions } from '../commands/transact.ts';
import { agent } from '../domain/agent.ts';
import type { EventLog } from '../store/event-log.ts';
import { context, printWhenRun, type Row, withStores } from './rig.ts';

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

const commandsOf = (log: EventLog, store: string) => {
  const { transact } = transactions(log);
  const profile = { name: 'A', email: 'a@b', role: 'agent', capacity: null } as const;
  return async (agentId: string, n: number) => {
    const id = `${store}.${agentId}`;
    const register = { type: 'RegisterAgent' as const, at: 1, agentId, ...profile, teams: [] };
    if (n === 0) await transact(agent, id, register, context(`${id} register`));
    const toggle = { type: 'SetAvailability', at: n, agentId, active: n % 2 === 0, reason: null } as const;
    await transact(agent, id, toggle, context(`${id} ${n}`));
  };
};

const appendsTo = (client: EventStoreDBClient, prefix: string) => (agentId: string, n: number) => {
  const metadata = { store: prefix, commandId: `${agentId} ${n}`, schemaVersion: 1, happenedAt: n };
  const data = { at: n, agentId, reason: null };
  return client.appendToStream(`${prefix}-${agentId}`, jsonEvent({ type: 'AgentActivated', data, metadata }));
};

/** Commands (load, decide, append) against bare appends of the same events with the same client, 50 in flight. */
export const benchCommands = (): Promise<Row[]> =>
  withStores(async ({ url, log }) => {
    const client = new EventStoreDBClient({ endpoint: url }, { insecure: true });
    await perSecond(commandsOf(log, 'warm'));
    await perSecond(appendsTo(client, 'warm'));
    const baseline = await perSecond(appendsTo(client, 'bare'));
    const commands = await perSecond(commandsOf(log, 'bench'));
    await client.dispose();
    return [row(`commands, ${agents} in flight, beside bare appends`, commands, baseline)];
  });

await printWhenRun(import.meta.url, benchCommands);
