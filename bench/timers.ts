import { pino } from 'pino';
import { alarm } from '../commands/timers/alarm.ts';
import { runTimers } from '../commands/timers/run-timers.ts';
import { transactions } from '../commands/transact.ts';
import { graphClient } from '../commands/whatsapp/graph.ts';
import type { WriteSide } from '../commands/write-side.ts';
import { agent } from '../domain/agent.ts';
import { days, minutes } from '../domain/time.ts';
import { customerDirectory } from '../store/directory.ts';
import { context, printWhenRun, type Row, withStores } from './rig.ts';

const count = 10_000;
const at = Date.UTC(2026, 0, 5, 9);

type Log = WriteSide['log'];

/** So many customers whose permission ran out during a day on which nobody ran. */
const oweTimers = async (log: Log) => {
  const customers = Array.from({ length: count }, (_, n) => `cus_${n}`).values();
  const grant = async () => {
    for (const customerId of customers) {
      const pair = { channelId: '8', customerId, ticketId: null };
      const granted = { type: 'PermissionGranted', at, ...pair, source: 'profile', requestId: null } as const;
      const ends = { callId: null, replyId: null, permanent: false, until: at + minutes(1) };
      await log.append(`permission-8.${customerId}`, [{ ...granted, ...ends }], 'none', context(customerId));
    }
  };
  await Promise.all(Array.from({ length: 50 }, grant));
};

/** Commands one after the other while `going` says so: how long each took, in ms. */
const commandsWhile = async (w: WriteSide, store: string, going: () => boolean) => {
  const profile = { name: 'A', email: 'a@b', role: 'agent', capacity: null } as const;
  const id = `${store}.a`;
  await w.transact(
    agent,
    id,
    { type: 'RegisterAgent', at, agentId: 'a', ...profile, teams: [] },
    context(`${id} register`),
  );
  const took: number[] = [];
  for (let n = 0; going(); n++) {
    const toggle = { type: 'SetAvailability', at, agentId: 'a', active: n % 2 === 0, reason: null } as const;
    const startedAt = performance.now();
    await w.transact(agent, id, toggle, context(`${id} ${n}`));
    took.push(performance.now() - startedAt);
  }
  return took.toSorted((a, b) => a - b);
};

const p99 = (sorted: readonly number[]) => sorted[Math.floor(sorted.length * 0.99)] ?? 0;
const rounded = (n: number) => Math.round(n * 10) / 10;

/** 10,000 timers that came due while nobody ran: how fast they fire, and what commands take meanwhile beside a quiet time. */
export const benchTimers = (): Promise<Row[]> =>
  withStores(async ({ log, db, keys }) => {
    let now = at;
    const w: WriteSide = {
      ...{ ...transactions(log), log, db, directory: await customerDirectory(db, keys) },
      ...{ graph: graphClient({ apiUrl: 'http://127.0.0.1:9', accessToken: '' }), now: () => now },
      logger: pino({ level: 'silent' }),
    };
    let asked = 0;
    await commandsWhile(w, 'warm', () => asked++ < 300);
    asked = 0;
    const quiet = await commandsWhile(w, 'quiet', () => asked++ < 2_000);
    const appendingFrom = performance.now();
    await oweTimers(log);
    const appending = (count * 1_000) / (performance.now() - appendingFrom);

    const stopping = new AbortController();
    const running = runTimers(w, { position: 0n }, alarm(), stopping.signal);
    const timers = db.collection('timers');
    while ((await timers.countDocuments()) < count) await new Promise((resolve) => setTimeout(resolve, 5));
    now = at + days(1);
    const startedAt = performance.now();
    let isDrained = false;
    const draining = (async () => {
      while ((await timers.countDocuments()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      isDrained = true;
      return (count * 1_000) / (performance.now() - startedAt);
    })();
    const meanwhile = await commandsWhile(w, 'meanwhile', () => !isDrained);
    const firing = await draining;
    stopping.abort();
    await running;
    return [
      {
        ...{ name: `${count} timers due at once, beside bare appends`, unit: 'timers/s' },
        ...{ value: Math.round(firing), baseline: Math.round(appending), ratio: rounded(firing / appending) },
      },
      {
        ...{ name: 'p99 of commands meanwhile, beside a quiet time', unit: 'ms' },
        ...{ value: rounded(p99(meanwhile)), baseline: rounded(p99(quiet)) },
        ratio: rounded(p99(meanwhile) / p99(quiet)),
      },
    ];
  });

await printWhenRun(import.meta.url, benchTimers);
