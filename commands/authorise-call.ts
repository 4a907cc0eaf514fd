import { type Agent, agent, agentRefusal } from '../domain/agent.ts';
import { type Channel, outgoingRefusal } from '../domain/channel.ts';
import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal, refuse } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import { defaultPolicies, policyAt } from '../domain/permission-policy.ts';
import { callRefusal } from '../domain/permission-verdict.ts';
import type { Instant } from '../domain/time.ts';
import type { Context } from '../store/event-log.ts';
import { agentKey, pairKey } from './belongings.ts';
import type { Placing } from './place-call.ts';
import { setFreeOf } from './set-free.ts';
import { stepOf, type WriteSide } from './write-side.ts';

/** Everybody says yes to an outgoing call, and is taken for it; else why not. A plain "no" writes nothing. */
export const authoriseCall = async (
  w: WriteSide,
  placing: Placing,
  { channel, staff }: { channel: Channel; staff: Agent },
  context: Context,
): Promise<Refusal | null> => {
  const refusalOf = (present: Agent) => refusalBeforehand(w, placing, channel, present);
  const refusal = await refusalOf(staff);
  const isOutdated = refusal !== null && (await wasHeldByNothing(w, placing, { staff, refusal }, context));
  const stands = isOutdated
    ? await refusalOf(await w.stateOf(agent, agentKey(context.store, placing.agentId)))
    : refusal;
  return stands ?? take(w, placing, outgoingRefusal(channel, placing.at), context);
};

const held: ReadonlySet<string> = new Set(['agent.on_call', 'call.already_live']);

/** Whether what held the agent or the customer is over, and only they had not heard of it yet; now they have. */
const wasHeldByNothing = async (
  w: WriteSide,
  placing: Placing,
  { staff: { call }, refusal }: { staff: Agent; refusal: Refusal },
  context: Context,
) => {
  if (!held.has(refusal.refused)) return false;
  const { liveCalls } = await w.stateOf(permission, pairKey(placing.channelId, placing.to.customerId));
  const holding = new Set([...(call ? [call] : []), ...liveCalls].map(({ callId }) => callId));
  holding.delete(placing.callId);
  return setFreeOf(w, holding, context);
};

/** The agent as they would be without this very call: what it has taken before a crash is not against it. */
const freeOf = (staff: Agent, callId: string): Agent =>
  staff.call?.callId === callId ? { ...staff, call: null } : staff;

/** A plain "no", found without writing anything. */
const refusalBeforehand = async (
  w: WriteSide,
  placing: Placing,
  channel: Channel,
  staff: Agent,
): Promise<Refusal | null> => {
  const { at, callId, channelId, to, fence } = placing;
  const against = {
    channel: outgoingRefusal(channel, at),
    agent: agentRefusal(freeOf(staff, callId), at, fence),
    channelAt: (later: Instant) => outgoingRefusal(channel, later),
  };
  const state = await w.stateOf(permission, pairKey(channelId, to.customerId));
  const free = { ...state, liveCalls: state.liveCalls.filter((live) => live.callId !== callId) };
  return callRefusal(free, against, at, policyAt(defaultPolicies, at));
};

/**
 * Takes the customer, then the agent, each of whom can be in one call only; gives the customer back if the agent is not free.
 * In this order, for an authorisation that no call follows runs out by itself, with what was taken after it.
 */
const take = async (
  w: WriteSide,
  { at, callId, agentId, channelId, to, fence }: Placing,
  channel: Refusal | null,
  context: Context,
): Promise<Refusal | null> => {
  const { customerId } = to;
  const pair = pairKey(channelId, customerId);
  const { ticketId } = await w.stateOf(conversation, pair);
  const fact = { at, callId, channelId, customerId, ticketId };
  const authorise = { type: 'AuthoriseCall', ...fact, agentId, facts: { channel, agent: null } } as const;
  const authorised = await w.transact(permission, pair, authorise, context);
  if (isRefusal(authorised)) return authorised;
  if (!authorised.state.liveCalls.some((live) => live.callId === callId)) return ranOut(callId);
  const reserve = { type: 'ReserveAgent', at, agentId, callId, direction: 'outgoing', fence } as const;
  const reserved = await w.transact(agent, agentKey(context.store, agentId), reserve, context);
  if (!isRefusal(reserved) && reserved.state.call?.callId === callId) return null;
  const ended = { type: 'RecordOutgoingEnded', ...fact, result: 'failed' } as const;
  await w.transact(permission, pair, ended, stepOf(context, 'agent not free'));
  return isRefusal(reserved) ? reserved : ranOut(callId);
};

/** The command is repeated so late after a crash that what it had taken was given back. */
export const ranOut = (callId: string) => refuse('call.ended', { facts: { callId } });
