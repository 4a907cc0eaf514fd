import { agent } from '../domain/agent.ts';
import { channel } from '../domain/channel.ts';
import type { DomainEvent } from '../domain/index.ts';
import { routing } from '../domain/routing.ts';
import { historian, historyTypes } from '../domain/what-if/history.ts';
import { whatIf } from '../domain/what-if/what-if.ts';
import type { EventLog, Recorded } from '../store/event-log.ts';
import { callStory, history } from './call-story.ts';
import { context, printWhenRun, type Row, withStores } from './rig.ts';

const calls = 2_000;
const staff = Array.from({ length: 10 }, (_, i) => `agent_${i}`);
const channelId = '106540352242922';
const span = { from: 1, to: Number.MAX_SAFE_INTEGER };

const at = 0;
const opened = history(channel, [
  { type: 'ConnectChannel', at, channelId, store: 'bench', name: 'Support', displayPhoneNumber: '1', wabaId: '1' },
  {
    ...{ type: 'ConfigureCalling', at, channelId, store: 'bench', enabled: true, userInitiatedEnabled: true },
    ...{ workingHours: null, holidays: [], callbackRequestsEnabled: false },
  },
]);
const handedOut = history(routing, [
  { type: 'ConfigureRouting', at, ...routing.initial.rules },
  ...staff.map((agentId) => ({ type: 'EnlistAgent', at, agentId, teams: [] }) as const),
]);
const onDuty = (agentId: string) =>
  history(agent, [
    { type: 'RegisterAgent', at, agentId, name: 'A', email: 'a@b', role: 'agent', teams: [], capacity: null },
    { type: 'SetAvailability', at, agentId, active: true, reason: null },
    {
      ...{ type: 'OpenCallSocket', at, agentId, sessionId: 's', tab: 't', gateway: 'g' },
      ...{ takeOver: false, holderIsGone: false },
    },
  ]);

/** A store whose agents are there all the time, and the stories of its calls. */
const record = async (log: EventLog) => {
  let commands = 0;
  const append = (stream: string, events: readonly DomainEvent[]) =>
    log.append(stream, events, 'any', context(`command ${++commands}`));
  await append(`channel-${channelId}`, opened);
  await append('routing-bench', handedOut);
  for (const agentId of staff) await append(`agent-bench.${agentId}`, onDuty(agentId));
  for (let n = 0; n < calls; n++) {
    const { callId, ticketId, onCall, onTicket } = callStory(n);
    await append(`call-${callId}`, onCall.slice(0, 1));
    await append(`ticket-${ticketId}`, onTicket);
    await append(`call-${callId}`, onCall.slice(1));
  }
};

const read = async (log: EventLog, see: (recorded: Recorded) => void) => {
  const reading = new AbortController();
  const { signal } = reading;
  for await (const { events, live } of log.batches({ from: null, types: historyTypes, maxBatch: 1_000, signal })) {
    for (const recorded of events) see(recorded);
    if (live) reading.abort();
  }
};

/** Calls a second. */
const rateOf = async (work: () => Promise<unknown>) => {
  const startedAt = performance.now();
  await work();
  return Math.round((calls * 1_000) / (performance.now() - startedAt));
};

const whole = async (log: EventLog) => {
  const { see, history } = historian(span);
  await read(log, ({ event }) => see(event));
  whatIf(history(), { mode: 'load_balancer' });
};

/** A what-if, which reads the log and plays all its calls twice, beside merely reading the same events. */
export const benchWhatIf = (): Promise<Row[]> =>
  withStores(async ({ log }) => {
    await record(log);
    await whole(log);
    const baseline = await rateOf(() => read(log, () => {}));
    const value = await rateOf(() => whole(log));
    const ratio = Math.round((100 * value) / baseline) / 100;
    return [{ name: 'what-if, beside a bare read of the same events', value, unit: 'calls/s', baseline, ratio }];
  });

await printWhenRun(import.meta.url, benchWhatIf);
