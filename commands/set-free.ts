import { call } from '../domain/call.ts';
import { outcomeOf } from '../domain/call-ending.ts';
import type { Conclusion } from '../domain/call-events.ts';
import type { Call } from '../domain/call-state.ts';
import { isRefusal } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import type { OutgoingResult } from '../domain/permission-events.ts';
import { isLive, ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { pairKey } from './belongings.ts';
import { releaseAgent } from './release-agent.ts';
import { type AboutCall, tellConnected } from './tell-connected.ts';
import { type Because, stepOf, type WriteSide } from './write-side.ts';

type Freed = { readonly position: bigint | null };

/**
 * Whoever a call that is over held is free: its customer to be called, its ticket to be given away, its agents to take the
 * next. Resolves with the position of the last event there was to write, or with `null` when the call goes on.
 */
export const setFree = async (w: WriteSide, callId: string, because: Because): Promise<Freed | null> => {
  const state = await w.stateOf(call, callId);
  const outcome = outcomeOf(state);
  if (outcome === null || state.direction === null) return null;
  const { direction, agentId, ticketId } = state;
  const about = { callId, direction, ticketId, agentId, ...whoseOf(state) };
  if (outcome.answeredAt !== null) await tellConnected(w, { ...about, at: outcome.answeredAt }, because);
  await tellPermission(w, about, outcome, because);
  if (ticketId !== null) await tellTicket(w, ticketId, about, state, because('call ended'));
  return { position: await releaseAgents(w, callId, state, because) };
};

/** The same for a command that meets what such a call still holds. Resolves with whether any of these calls is over. */
export const setFreeOf = async (w: WriteSide, callIds: Iterable<string>, context: Context): Promise<boolean> => {
  const bySystem = { ...context, actor: { type: 'system', id: 'call ended' } } as const;
  let isAnyOver = false;
  for (const callId of callIds) {
    const freed = await setFree(w, callId, (step) => stepOf(bySystem, `${step}, ${callId}`));
    isAnyOver ||= freed !== null;
  }
  return isAnyOver;
};

/** A call that is over holds its ticket no longer, from that moment: a ticket that has not heard of it yet is told now. */
export const setFreeTicket = async (w: WriteSide, ticketId: string, context: Context): Promise<void> => {
  const { calls } = await w.stateOf(ticket, ticketId);
  const live = [...calls].filter(([, linked]) => isLive(linked)).map(([callId]) => callId);
  await setFreeOf(w, live, context);
};

const whoseOf = ({ parties: { channelId, customerId } }: Call) => ({ channelId, customerId });

const resultOf = ({ status, subStatus, answeredAt }: Conclusion): OutgoingResult => {
  if (answeredAt !== null) return 'connected';
  if (status !== 'unanswered') return 'failed';
  return subStatus === 'declined' || subStatus === 'cancelled' ? subStatus : 'unanswered';
};

/** How it counts, or as long as that is not known that nobody is on the line. */
const tellTicket = (w: WriteSide, ticketId: string, about: AboutCall, s: Call, context: Context) => {
  const { callId, direction, agentId } = about;
  if (s.conclusion === null)
    return w.transact(ticket, ticketId, { type: 'RecordCallHungUp', at: s.hungUpAt ?? 0, callId }, context);
  const { endedAt: at, status, subStatus, missReason } = s.conclusion;
  const fact = { at, ticketId, callId, direction, agentId, status, subStatus, missReason };
  return w.transact(ticket, ticketId, { type: 'RecordCallEnded', ...fact }, context);
};

const tellPermission = (w: WriteSide, { direction, ...about }: AboutCall, outcome: Conclusion, because: Because) => {
  const { callId, channelId, customerId, ticketId } = about;
  const fact = { at: outcome.endedAt, callId, channelId, customerId, ticketId };
  const pair = pairKey(channelId, customerId);
  if (direction === 'incoming')
    return w.transact(permission, pair, { type: 'RecordIncomingEnded', ...fact }, because('incoming ended'));
  const ended = { type: 'RecordOutgoingEnded', ...fact, result: resultOf(outcome) } as const;
  return w.transact(permission, pair, ended, because('outgoing ended'));
};

const releaseAgents = async (w: WriteSide, callId: string, { offers, agentId }: Call, because: Because) => {
  const involved = new Set([...offers.map((offer) => offer.agentId), ...(agentId === null ? [] : [agentId])]);
  let position: bigint | null = null;
  for (const one of involved) {
    const released = await releaseAgent(w, { callId, agentId: one, why: 'ended' }, because);
    if (!isRefusal(released)) position = released.position ?? position;
  }
  return position;
};
