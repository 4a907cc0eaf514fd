import { call } from '../domain/call.ts';
import { cameToNothing, isGivenUp } from '../domain/call-state.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import { ticket } from '../domain/ticket.ts';
import type { Context } from '../store/event-log.ts';
import { ranOut } from './authorise-call.ts';
import { pairKey } from './belongings.ts';
import { endAtMeta } from './end-at-meta.ts';
import type { Attempt, Placed, Placing } from './place-call.ts';
import { explained } from './refresh-permission.ts';
import { releaseAgent } from './release-agent.ts';
import type { GraphFailure } from './whatsapp/graph.ts';
import { contradictsPermission, metaRefusal } from './whatsapp/meta-errors.ts';
import { rememberOutgoingCall } from './whatsapp/outgoing-calls.ts';
import { receiver } from './whatsapp/receive.ts';
import { stepOf, type WriteSide } from './write-side.ts';

/** Records an authorised call as placed and asks Meta to ring; only whoever recorded it asks, so nobody is rung twice. */
export const dial = async (
  w: WriteSide,
  placing: Placing,
  ticketId: string,
  context: Context,
): Promise<Placed | Refusal> => {
  const { callId, channelId, to, sdpOffer } = placing;
  const place = placeCommand(placing, ticketId);
  const placed = await w.transact(call, callId, place, context);
  if (isRefusal(placed)) return placed;
  if (cameToNothing(placed.state)) {
    await letGo(w, placing, context);
    return ranOut(callId);
  }
  await assignTicket(w, placing, ticketId, context);
  if (placed.events.length === 0) return { callId, ticketId, position: null };

  const { waId, bsuid } = to;
  const dialled = await w.graph.connect({ channelId, waId, bsuid, callId, sdpOffer });
  if (dialled.ok) return { callId, ticketId, position: await recordDialled(w, placing, dialled.metaCallId, context) };
  if (dialled.outcome === 'refused') return recordRefused(w, placing, ticketId, dialled, context);
  const unknown = { type: 'RecordDialUnknown', at: w.now(), callId } as const;
  const recorded = await w.transact(call, callId, unknown, stepOf(context, 'dial unknown'));
  return { callId, ticketId, position: isRefusal(recorded) ? null : recorded.position };
};

/** How an attempt is recorded as placed. */
export const placeCommand = (attempt: Attempt, ticketId: string) => {
  const { at, callId, agentId, channelId, channelName, to, caller } = attempt;
  return {
    type: 'PlaceCall',
    at,
    callId,
    channelId,
    channelName,
    customerId: to.customerId,
    waId: to.waId,
    customerName: to.name,
    agentId,
    agentName: caller?.name ?? null,
    team: caller?.teams[0] ?? null,
    ticketId,
  } as const;
};

/** The ticket is the agent's if it is nobody's. */
export const assignTicket = (w: WriteSide, { at, callId, agentId }: Attempt, ticketId: string, context: Context) => {
  const assign = { type: 'AssignByCall', at, callId, agentId, because: 'placed_call' } as const;
  return w.transact(ticket, ticketId, assign, stepOf(context, 'assign'));
};

/** Meta's id first goes where webhooks look it up, for they may be faster than this. */
const recordDialled = async (w: WriteSide, { callId, channelId }: Placing, metaCallId: string, context: Context) => {
  const at = w.now();
  await rememberOutgoingCall(w.db, metaCallId, callId, at);
  await receiver(w).placeHeldBack(metaCallId);
  const dialled = { type: 'RecordDialled', at, callId, metaCallId } as const;
  const recorded = await w.transact(call, callId, dialled, stepOf(context, 'dialled'));
  if (isRefusal(recorded)) return null;
  if (isGivenUp(recorded.state)) await endAtMeta(w, { callId, channelId, metaCallId }, context);
  return recorded.position;
};

/** The agent holds no call that is none. */
const letGo = (w: WriteSide, { callId, agentId }: Placing, context: Context) =>
  releaseAgent(w, { callId, agentId, why: 'refused' }, (step) => stepOf(context, step));

/** Nobody's phone rang: the agent and the customer are free again, and Meta's knowledge of the permission becomes ours. */
const recordRefused = async (
  w: WriteSide,
  placing: Placing,
  ticketId: string,
  failure: GraphFailure,
  context: Context,
): Promise<Refusal> => {
  const { callId, channelId, to } = placing;
  const at = w.now();
  const { metaErrorCode, nextAllowedAt } = failure;
  const { refused: refusal } = metaRefusal(failure);
  const pair = pairKey(channelId, to.customerId);
  const fact = { at, channelId, customerId: to.customerId, ticketId };
  if (contradictsPermission(metaErrorCode)) {
    const disagreed = { type: 'RecordMetaRefusal', ...fact, metaErrorCode, nextAllowedAt } as const;
    await w.transact(permission, pair, disagreed, stepOf(context, 'meta refusal'));
  }
  const refused = { type: 'RecordDialRefused', at, callId, metaErrorCode, refusal } as const;
  await w.transact(call, callId, refused, stepOf(context, 'dial refused'));
  const ended = { type: 'RecordOutgoingEnded', ...fact, callId, result: 'failed' } as const;
  await w.transact(permission, pair, ended, stepOf(context, 'outgoing ended'));
  await letGo(w, placing, context);
  return explained(w, { channelId, to }, failure, context);
};
