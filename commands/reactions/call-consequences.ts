import { call } from '../../domain/call.ts';
import type { Conclusion } from '../../domain/call-events.ts';
import { channel, grantsByCallback } from '../../domain/channel.ts';
import { conversation } from '../../domain/conversation.ts';
import type { Named } from '../../domain/index.ts';
import { permission } from '../../domain/permission.ts';
import type { OutgoingResult } from '../../domain/permission-events.ts';
import { ticket } from '../../domain/ticket.ts';
import type { Recorded } from '../../store/event-log.ts';
import { pairKey } from '../belongings.ts';
import { tellTicket } from '../tell-ticket.ts';
import type { WriteSide } from '../write-side.ts';
import { releaseAgent } from './offer-call.ts';
import { causedBy, type Reaction } from './reaction.ts';

/** What a call means elsewhere: the ticket, the limits on calling this customer, the agent who is free again. */
export const callConsequences = (w: WriteSide): Reaction => ({
  name: 'call-consequences',
  handlers: {
    CallAnswered: (event, cause) => connected(w, { ...event, direction: 'incoming' }, cause),
    CallPickedUp: (event, cause) => connected(w, { ...event, direction: 'outgoing' }, cause),
    CallConcluded: (event, cause) => concluded(w, event, cause),
  },
});

type Connected = {
  at: number;
  callId: string;
  direction: 'incoming' | 'outgoing';
  channelId: string;
  customerId: string;
  ticketId: string | null;
  agentId: string | null;
};

/** Both sides are on the line: limits are cleared, and it may be the ticket's first response. */
const connected = async (w: WriteSide, event: Connected, cause: Recorded) => {
  const { at, callId, direction, channelId, customerId, ticketId, agentId } = event;
  const parties = { channelId, customerId };
  const pair = pairKey(channelId, customerId);
  const outgoing = direction === 'outgoing';
  const type = outgoing ? 'RecordOutgoingConnected' : 'RecordIncomingConnected';
  await w.transact(permission, pair, { type, at, ...parties, ticketId, callId }, causedBy(cause, 'connected'));
  const window = { type: 'OpenServiceWindow', at, ...parties, by: 'outgoing_call_answered' } as const;
  if (outgoing) await w.transact(conversation, pair, window, causedBy(cause, 'service window'));
  if (ticketId === null || agentId === null) return;
  const answered = { type: 'RecordCallAnswered', at, callId, agentId } as const;
  await w.transact(ticket, ticketId, answered, causedBy(cause, 'answered'));
};

const resultOf = ({ status, subStatus, answeredAt }: Conclusion): OutgoingResult => {
  if (answeredAt !== null) return 'connected';
  if (status !== 'unanswered') return 'failed';
  return subStatus === 'declined' || subStatus === 'cancelled' ? subStatus : 'unanswered';
};

const concluded = async (w: WriteSide, event: Named<'CallConcluded'>, cause: Recorded) => {
  const { answeredAt, callId, ticketId } = event;
  if (answeredAt !== null) await connected(w, { ...event, at: answeredAt }, cause);
  await (event.direction === 'outgoing' ? outgoingEnded : incomingEnded)(w, event, cause);
  if (ticketId !== null) await tellTicket(w, ticketId, event, causedBy(cause, 'call ended'));
  const { offers, agentId } = await w.stateOf(call, callId);
  const involved = new Set([...offers.map((offer) => offer.agentId), ...(agentId === null ? [] : [agentId])]);
  for (const one of involved) await releaseAgent(w, cause, callId, one, 'ended');
};

const outgoingEnded = async (w: WriteSide, event: Named<'CallConcluded'>, cause: Recorded) => {
  const { endedAt, callId, channelId, customerId, ticketId } = event;
  await w.transact(
    permission,
    pairKey(channelId, customerId),
    { type: 'RecordOutgoingEnded', at: endedAt, channelId, customerId, ticketId, callId, result: resultOf(event) },
    causedBy(cause, 'outgoing ended'),
  );
};

/** A customer who called may be called back, where Meta turns calls to the channel into permissions. */
const incomingEnded = async (w: WriteSide, event: Named<'CallConcluded'>, cause: Recorded) => {
  const { endedAt, callId, channelId, customerId, ticketId } = event;
  const pair = pairKey(channelId, customerId);
  const fact = { at: endedAt, callId, channelId, customerId, ticketId };
  await w.transact(permission, pair, { type: 'RecordIncomingEnded', ...fact }, causedBy(cause, 'incoming ended'));
  if (event.corrects || !grantsByCallback(await w.stateOf(channel, channelId))) return;
  await w.transact(permission, pair, { type: 'GrantByCallback', ...fact }, causedBy(cause, 'grant by callback'));
};
