import { type Agent, agent } from '../domain/agent.ts';
import { call } from '../domain/call.ts';
import { cameToNothing } from '../domain/call-state.ts';
import { isRefusal, type Refusal, refuse } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { Customer } from '../store/directory.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { authoriseCall, ranOut } from './authorise-call.ts';
import { agentKey, isNumber, ownChannel } from './belongings.ts';
import { dial } from './dial.ts';
import { openTicket } from './open-ticket.ts';
import type { WriteSide } from './write-side.ts';

type Command = {
  agentId: string;
  channelId: string;
  /** A number or a `customerId`. */
  customer: string;
  sdpOffer: string | null;
  /** The fence of the page's call socket, if it says so. */
  fence: number | null;
};

/** Who calls whom, and since when. */
export type Attempt = {
  at: Instant;
  callId: string;
  agentId: string;
  channelId: string;
  channelName: string;
  to: Customer;
  caller: Agent['profile'];
};

/** Everything the steps of one outgoing call need. */
export type Placing = Command & Attempt;

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
    if (cameToNothing(begun)) return ranOut(callId);
    const at = w.now();
    const [channel, staff, to] = await Promise.all([
      ownChannel(w, context.store, command.channelId),
      w.stateOf(agent, agentKey(context.store, command.agentId)),
      w.directory.find(context.store, command.customer),
    ]);
    if (isRefusal(channel)) return channel;
    if (!to) return isNumber(command.customer) ? refuse('permission.none') : refuse('customer.unknown');

    const placing = { ...command, at, callId, to, channelName: channel.details.name, caller: staff.profile };
    const refusal = begun.direction === null ? await authoriseCall(w, placing, { channel, staff }, context) : null;
    if (refusal) return refusal;
    const link = { callId, direction: 'outgoing', agentId: command.agentId } as const;
    const ticketId = begun.ticketId ?? (await openTicket(w, openingOf(placing), context, link));
    return dial(w, placing, ticketId, context);
  };

/** The ticket it needs if the customer has none. */
export const openingOf = ({ at, callId, channelId, channelName, to }: Attempt) => {
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
