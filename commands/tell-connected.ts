import type { Direction } from '../domain/agent.ts';
import { conversation } from '../domain/conversation.ts';
import { permission } from '../domain/permission.ts';
import { ticket } from '../domain/ticket.ts';
import type { Instant } from '../domain/time.ts';
import { pairKey } from './belongings.ts';
import type { Because, WriteSide } from './write-side.ts';

/** Whose call it is, and what it belongs to. */
export type AboutCall = {
  callId: string;
  direction: Direction;
  channelId: string;
  customerId: string;
  ticketId: string | null;
  agentId: string | null;
};

/** Both sides are on the line: limits are cleared, and it may be the ticket's first response. */
export const tellConnected = async (w: WriteSide, event: AboutCall & { at: Instant }, because: Because) => {
  const { at, callId, direction, channelId, customerId, ticketId, agentId } = event;
  const parties = { channelId, customerId };
  const pair = pairKey(channelId, customerId);
  const outgoing = direction === 'outgoing';
  const type = outgoing ? 'RecordOutgoingConnected' : 'RecordIncomingConnected';
  await w.transact(permission, pair, { type, at, ...parties, ticketId, callId }, because('connected'));
  const window = { type: 'OpenServiceWindow', at, ...parties, by: 'outgoing_call_answered' } as const;
  if (outgoing) await w.transact(conversation, pair, window, because('service window'));
  if (ticketId === null || agentId === null) return;
  const answered = { type: 'RecordCallAnswered', at, callId, agentId } as const;
  await w.transact(ticket, ticketId, answered, because('answered'));
};
