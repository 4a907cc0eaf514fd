import { type Agent, agent, agentRefusal } from '../domain/agent.ts';
import { call } from '../domain/call.ts';
import { outgoingRefusal } from '../domain/channel.ts';
import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal, refuse } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import { defaultPolicies, policyAt } from '../domain/permission-policy.ts';
import { type CallFacts, callRefusal } from '../domain/permission-verdict.ts';
import type { Instant } from '../domain/time.ts';
import type { Customer } from '../store/directory.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { agentKey, isNumber, ownChannel, pairKey } from './belongings.ts';
import { dial } from './dial.ts';
import { openTicket } from './open-ticket.ts';
import { stepOf, type WriteSide } from './write-side.ts';

type Command = {
  agentId: string;
  channelId: string;
  /** A number or a `customerId`. */
  customer: string;
  sdpOffer: string | null;
  /** The fence of the page's call socket, if it says so. */
  fence: number | null;
};

/** Everything the steps of one outgoing call need. */
export type Placing = Command & {
  at: Instant;
  callId: string;
  to: Customer;
  channelName: string;
  caller: Agent['profile'];
};

/** The call and its ticket; `position` is that of the last event, or `null` when this very command was done before. */
export type Placed = { callId: string; ticketId: string; position: bigint | null };

/**
 * An agent rings a customer: allowed by hours, permission and limits, with the agent and the customer free. Everything taken
 * is given back when a later step says no. The same command again continues, and never dials twice.
 */
export const placeCall =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<Placed | Refusal> => {
    const callId = uuidFrom('call', context.commandId);
    const begun = await w.stateOf(call, callId);
    if (begun.refusedAt !== null) return refuse('call.ended', { facts: { callId } });
    const at = w.now();
    const [channel, staff, to] = await Promise.all([
      ownChannel(w, context.store, command.channelId),
      w.stateOf(agent, agentKey(context.store, command.agentId)),
      w.directory.find(context.store, command.customer),
    ]);
    if (isRefusal(channel)) return channel;
    if (!to) return isNumber(command.customer) ? refuse('permission.none') : refuse('customer.unknown');

    const placing = { ...command, at, callId, to, channelName: channel.details.name, caller: staff.profile };
    if (begun.direction === null) {
      const against = {
        channel: outgoingRefusal(channel, at),
        agent: agentRefusal(freeOf(staff, callId), at, command.fence),
        channelAt: (later: Instant) => outgoingRefusal(channel, later),
      };
      const refusal =
        (await refusalBeforehand(w, placing, against)) ?? (await take(w, placing, against.channel, context));
      if (refusal) return refusal;
    }
    return dial(w, placing, await openTicket(w, openingOf(placing), context), context);
  };

/** The agent as they would be without this very call: what it has taken before a crash is not against it. */
const freeOf = (staff: Agent, callId: string): Agent =>
  staff.call?.callId === callId ? { ...staff, call: null } : staff;

/** A plain "no", found without writing anything. */
const refusalBeforehand = async (
  w: WriteSide,
  { at, callId, channelId, to }: Placing,
  against: CallFacts,
): Promise<Refusal | null> => {
  const state = await w.stateOf(permission, pairKey(channelId, to.customerId));
  const free = { ...state, liveCalls: state.liveCalls.filter((live) => live.callId !== callId) };
  return callRefusal(free, against, at, policyAt(defaultPolicies, at));
};

/** Takes the agent, then the customer, each of whom can be in one call only; gives the agent back if the customer is not free. */
const take = async (
  w: WriteSide,
  { at, callId, agentId, channelId, to, fence }: Placing,
  channel: Refusal | null,
  context: Context,
): Promise<Refusal | null> => {
  const { customerId } = to;
  const key = agentKey(context.store, agentId);
  const reserve = { type: 'ReserveAgent', at, agentId, callId, direction: 'outgoing', fence } as const;
  const reserved = await w.transact(agent, key, reserve, context);
  if (isRefusal(reserved)) return reserved;
  const { ticketId } = await w.stateOf(conversation, pairKey(channelId, customerId));
  const authorised = await w.transact(
    permission,
    pairKey(channelId, customerId),
    { type: 'AuthoriseCall', at, callId, agentId, channelId, customerId, ticketId, facts: { channel, agent: null } },
    context,
  );
  if (!isRefusal(authorised)) return null;
  const release = { type: 'ReleaseAgent', at, agentId, callId, because: 'refused' } as const;
  await w.transact(agent, key, release, stepOf(context, 'release'));
  return authorised;
};

const openingOf = ({ at, callId, channelId, channelName, to }: Placing) => {
  const { customerId, waId, name: customerName } = to;
  const ticketId = uuidFrom('ticket', callId);
  return {
    at,
    channelId,
    customerId,
    ticketId,
    channelName,
    waId,
    customerName,
    because: 'outgoing_call',
    callId,
  } as const;
};
