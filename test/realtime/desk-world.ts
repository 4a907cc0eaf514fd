import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { callSockets } from '../../commands/call-socket.ts';
import { transactions } from '../../commands/transact.ts';
import { contextOf, type WriteSide } from '../../commands/write-side.ts';
import { agent } from '../../domain/agent.ts';
import type { InboxCall } from '../../projections/inbox.ts';
import { agents, inbox } from '../../projections/index.ts';
import { readModel } from '../../projections/reader.ts';
import { startProjections } from '../../projections/runner.ts';
import type { CallSockets, RealtimeOptions } from '../../realtime/server.ts';
import { openStores } from '../support/stores.ts';
import { connect } from './client.ts';
import { openWorld, token } from './world.ts';

const store = 'acme';

/** A world in which agents, their call sockets and their document are the real ones; calls are written as documents. */
export const openDeskWorld = async () => {
  const world = await openWorld();
  const opened = await openStores(world.stores);
  const ending = new AbortController();
  const { log, db } = opened;
  const faults: unknown[] = [];
  const projecting = startProjections({
    log,
    db,
    readModels: [agents],
    signal: ending.signal,
    onFault: (fault) => faults.push(fault),
  });
  const acknowledged: object[] = [];
  const logger = pino({ level: 'silent' });
  const graph = null as never; // nothing here speaks to Meta
  const w: WriteSide = { ...opened, ...transactions(log), graph, now: Date.now, logger };
  const sockets: CallSockets = {
    ...callSockets(w),
    acknowledge: async (acknowledgement) => void acknowledged.push(acknowledgement),
  };
  const command = (agentId: string, command: object) =>
    w.transact(
      agent,
      `${store}.${agentId}`,
      { at: Date.now(), agentId, ...command } as never,
      contextOf({ store, actor: { type: 'system', id: 'test' }, commandId: randomUUID(), correlationId: randomUUID() }),
    );
  let agentsMade = 0;

  return {
    world,
    acknowledged,
    serve: (options: Partial<RealtimeOptions> = {}) => world.serve({ callSockets: sockets, ...options }),
    command,

    /** An agent of a test's own, active. */
    async newAgent() {
      const agentId = `agent${++agentsMade}`;
      const profile = { name: 'A', email: 'a@acme.example', role: 'agent', teams: [], capacity: 1 };
      await command(agentId, { type: 'RegisterAgent', ...profile });
      await command(agentId, { type: 'SetAvailability', active: true, reason: null });
      return agentId;
    },

    /** A page of an agent that wants the call socket. */
    async page(url: string, agentId: string, hello: { tab?: string; takeOver?: boolean; callSocket?: boolean } = {}) {
      const client = await connect(url);
      const welcome = await client.hello({ token: await token({ sub: agentId, store }), callSocket: true, ...hello });
      return { client, welcome };
    },

    /** Puts a call on somebody's panel; `null` takes it off. */
    call: (callId: string, doc: Partial<InboxCall> | null) =>
      world.writer.write({ projection: inbox, store, key: callId, doc: doc && { ...callDoc(callId), ...doc } }),

    agentDocument: async (agentId: string) => (await readModel(db, agents).get(store, `${store}.${agentId}`))?.doc,

    async close() {
      ending.abort();
      await projecting;
      await opened.close();
      await world.close();
      return faults;
    },
  };
};

const callDoc = (callId: string): InboxCall => ({
  callId,
  direction: 'incoming',
  state: 'ringing',
  agentId: null,
  offerId: `offer-${callId}`,
  channelId: 'ch',
  channelName: 'Sales',
  from: { customerId: 'cus_one', waId: '910000000042', name: 'Asha' },
  ticketId: 't1',
  sdpOffer: 'v=0 offer',
  sdpAnswer: null,
  startedAt: Date.now(),
  expiresAt: Date.now() + 30_000,
  answeredAt: null,
  endedAt: null,
  status: null,
});
