import { conversation } from '../../domain/conversation.ts';
import type { Actor } from '../../domain/metadata.ts';
import { permission, type Reply } from '../../domain/permission.ts';
import type { Instant } from '../../domain/time.ts';
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
    const { customerId } = await w.directory.identify(owner.store, person);
    const at = item.timestamp ?? receivedAt;
    const pair = { channelId, customerId };
    const id = `${channelId}.${customerId}`;
    const answer = item.interactive?.call_permission_reply ?? null;
    const isAutomatic = answer?.response_source === 'automatic';
    const actor: Actor = isAutomatic ? { type: 'meta', id: channelId } : { type: 'customer', id: customerId };
    const context = webhookContext(owner.store, actor, item.id, raw);
    if (!isAutomatic)
      await w.transact(conversation, id, { type: 'OpenServiceWindow', at, by: 'message', ...pair }, context);
    if (!answer) return null;
    const { ticketId } = await w.stateOf(conversation, id);
    const reply = replyOf(answer, at, channelId, item.context?.id ?? null);
    await w.transact(permission, id, { type: 'RecordReply', ...reply, ...pair, ticketId }, context);
    return null;
  };

/** What the reply refers to: a call (its id begins so) or the message that asked, if anything. */
const replyOf = (answer: PermissionReply, at: Instant, channelId: string, contextId: string | null): Reply => {
  const refersToCall = contextId?.startsWith('wacid.') ?? false;
  return {
    at,
    response: answer.response,
    permanent: answer.is_permanent ?? false,
    until: answer.expiration_timestamp,
    automatic: answer.response_source === 'automatic',
    messageId: refersToCall ? null : contextId,
    callId: refersToCall && contextId !== null ? incomingCallId(channelId, contextId) : null,
  };
};
