import { conversation } from '../../domain/conversation.ts';
import type { Actor } from '../../domain/metadata.ts';
import { permission, type Reply } from '../../domain/permission.ts';
import type { Instant } from '../../domain/time.ts';
import type { Customer } from '../../store/directory.ts';
import type { Context } from '../../store/event-log.ts';
import { uuidFrom } from '../../store/ids.ts';
import { pairKey } from '../belongings.ts';
import { requestCallback } from '../request-callback.ts';
import type { WriteSide } from '../write-side.ts';
import type { MessageItem } from './delivery.ts';
import { personOf } from './person.ts';
import type { MessagePiece } from './pieces.ts';
import { incomingCallId } from './record-call.ts';
import type { SetAsideReason } from './set-aside.ts';
import { connectedChannel, webhookContext } from './webhook-context.ts';

type PermissionReply = NonNullable<NonNullable<MessageItem['interactive']>['call_permission_reply']>;

/**
 * Records one element of `messages[]`: what a customer writes opens the service window; a reply about calls changes the
 * permission. What WhatsApp says by itself in the customer's name opens no window.
 */
export const recordMessage =
  (w: WriteSide) =>
  async ({ channelId, item, contacts, raw }: MessagePiece, receivedAt: Instant): Promise<SetAsideReason | null> => {
    if (item.type === 'system') return 'not_yet_used';
    const owner = await connectedChannel(w, channelId);
    if (!owner) return 'unknown_channel';
    const person = personOf(contacts, item.from, item.from_user_id);
    if (!person) return 'unknown_customer';
    const customer = await w.directory.identify(owner.store, person);
    const { customerId } = customer;
    const at = item.timestamp ?? receivedAt;
    const answer = item.interactive?.call_permission_reply ?? null;
    const isAutomatic = answer?.response_source === 'automatic';
    const actor: Actor = isAutomatic ? { type: 'meta', id: channelId } : { type: 'customer', id: customerId };
    const context = webhookContext(owner.store, actor, item.id, raw);
    const window = { type: 'OpenServiceWindow', at, by: 'message', channelId, customerId } as const;
    if (!isAutomatic) await w.transact(conversation, pairKey(channelId, customerId), window, context);
    if (answer) await recordReply(w, channelId, customer, replyOf(answer, at, channelId, item), context);
    return null;
  };

/** A request for a callback comes first, for the permission that comes with it belongs to its ticket. */
const recordReply = async (w: WriteSide, channelId: string, customer: Customer, reply: Reply, context: Context) => {
  const { customerId } = customer;
  const pair = pairKey(channelId, customerId);
  const { at, callId, automatic, response } = reply;
  if (automatic && response === 'accept') await requestCallback(w, { at, channelId, callId, customer }, context);
  const { ticketId } = await w.stateOf(conversation, pair);
  await w.transact(permission, pair, { type: 'RecordReply', ...reply, channelId, customerId, ticketId }, context);
};

/** What the reply refers to: a call (its id begins so) or the message that asked, if anything. */
const replyOf = (answer: PermissionReply, at: Instant, channelId: string, { id, context }: MessageItem): Reply => {
  const contextId = context?.id ?? null;
  const refersToCall = contextId?.startsWith('wacid.') ?? false;
  return {
    replyId: uuidFrom('reply', channelId, id),
    at,
    response: answer.response,
    permanent: answer.is_permanent ?? false,
    until: answer.expiration_timestamp,
    automatic: answer.response_source === 'automatic',
    messageId: refersToCall ? null : contextId,
    callId: refersToCall && contextId !== null ? incomingCallId(channelId, contextId) : null,
  };
};
