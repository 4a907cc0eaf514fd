import { agent } from '../domain/agent.ts';
import { call } from '../domain/call.ts';
import { channel } from '../domain/channel.ts';
import type { Instant } from '../domain/time.ts';
import type { Context } from '../store/event-log.ts';
import { agentKey } from './belongings.ts';
import { assignTicket, placeCommand } from './dial.ts';
import { openTicket } from './open-ticket.ts';
import { openingOf } from './place-call.ts';
import { stepOf, type WriteSide } from './write-side.ts';

type Authorised = {
  callId: string;
  channelId: string;
  customerId: string;
  agentId: string;
  authorisedAt: Instant;
};

/**
 * A call that was authorised and never placed, for its process died in between: it counts as one that failed, and gives back
 * what it had taken. From then on nobody can place it, however late.
 */
export const abandonCall = async (
  w: WriteSide,
  { callId, channelId, customerId, agentId, authorisedAt, at }: Authorised & { at: Instant },
  context: Context,
): Promise<void> => {
  if ((await w.stateOf(call, callId)).direction !== null) return;
  const [{ details }, { profile: caller }, known] = await Promise.all([
    w.stateOf(channel, channelId),
    w.stateOf(agent, agentKey(context.store, agentId)),
    w.directory.find(context.store, customerId),
  ]);
  const to = known ?? { customerId, store: context.store, waId: null, bsuid: null, name: null };
  const attempt = { at: authorisedAt, callId, channelId, channelName: details.name, agentId, caller, to };
  const link = { callId, direction: 'outgoing', agentId } as const;
  const ticketId = await openTicket(w, openingOf(attempt), context, link);
  await assignTicket(w, attempt, ticketId, context);
  const placed = placeCommand(attempt, ticketId);
  await w.transact(call, callId, { ...placed, type: 'AbandonCall', at, authorisedAt }, stepOf(context, 'abandon'));
};
