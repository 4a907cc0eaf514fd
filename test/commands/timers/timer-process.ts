import { pino } from 'pino';
import { alarm } from '../../../commands/timers/alarm.ts';
import { runTimers } from '../../../commands/timers/run-timers.ts';
import { transactions } from '../../../commands/transact.ts';
import { graphClient } from '../../../commands/whatsapp/graph.ts';
import { openStores, type Stores } from '../../support/stores.ts';

// a process of its own for several-processes.test.ts: runs the timers, at a moment that stands still, until it is killed
const [stores, now] = process.argv.slice(2).map((word) => JSON.parse(word)) as [Stores, number];
const { log, db, directory } = await openStores(stores);
const graph = graphClient({ apiUrl: 'http://127.0.0.1:9', accessToken: '' });
const logger = pino({ level: 'warn' }, pino.destination(2));
const w = { ...transactions(log), log, db, directory, graph, now: () => now, logger };
await runTimers(w, { position: 0n }, alarm(), new AbortController().signal);
