import { randomUUID } from 'node:crypto';
import { agent } from '../domain/agent.ts';
import { call } from '../domain/call.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { agentKey, ownCall } from './belongings.ts';
import { contextOf, type WriteSide } from './write-side.ts';

type Who = { store: string; agentId: string };

export type OpenCallSocket = Who & {
  /** One per connection. */
  sessionId: string;
  /** One per browser tab, the same after a reload. */
  tab: string;
  takeOver: boolean;
  /** The server process that holds the connection. */
  gateway: string;
  /** True when the process that held the agent's present socket is known to be dead. */
  holderIsGone: boolean;
};

/** Whether a socket is the agent's one call socket; `fence` grows with every take-over. */
export type CallSocketRole = { role: 'active' | 'standby'; fence: number };

const byAgent = ({ store, agentId }: Who, correlationId: string) =>
  contextOf({ store, actor: { type: 'agent', id: agentId }, commandId: randomUUID(), correlationId });

/** What the process that holds the agents' connections tells of them. */
export const callSockets = (w: WriteSide) => ({
  /** Opens, claims or stands by; refused with `agent.unknown`, or `agent.call_in_progress` for a claim during a call. */
  async open({ store, ...command }: OpenCallSocket): Promise<CallSocketRole | Refusal> {
    const { agentId, sessionId } = command;
    const opened = await w.transact(
      agent,
      agentKey(store, agentId),
      { type: 'OpenCallSocket', at: w.now(), ...command },
      byAgent({ store, agentId }, sessionId),
    );
    if (isRefusal(opened)) return opened;
    const { socket, fence } = opened.state;
    const isActive = socket?.sessionId === sessionId && socket.closedAt === null;
    return { role: isActive ? 'active' : 'standby', fence };
  },

  /** The connection is gone; nothing happens when it was not the active one. */
  async close({ store, agentId, sessionId }: Who & { sessionId: string }): Promise<void> {
    await w.transact(
      agent,
      agentKey(store, agentId),
      { type: 'CloseCallSocket', at: w.now(), agentId, sessionId },
      byAgent({ store, agentId }, sessionId),
    );
  },

  /** The agent's page shows the offer; a late or wrong acknowledgement changes nothing. */
  async acknowledge({ store, agentId, callId, offerId }: Who & { callId: string; offerId: string }): Promise<void> {
    if (isRefusal(await ownCall(w, store, callId))) return;
    await w.transact(
      call,
      callId,
      { type: 'AcknowledgeOffer', at: w.now(), callId, offerId, agentId },
      byAgent({ store, agentId }, callId),
    );
  },
});
