import { conversation } from '../../domain/conversation.ts';
import { permission } from '../../domain/permission.ts';
import type { Instant } from '../../domain/time.ts';
import type { Customer } from '../../store/directory.ts';
import type { WriteSide } from '../write-side.ts';
import type { StatusItem } from './delivery.ts';
import type { StatusPiece } from './pieces.ts';
import type { SetAsideReason } from './set-aside.ts';
import { connectedChannel, webhookContext } from './webhook-context.ts';

/** Records one element of `statuses[]` that is about a message: whether a permission request arrived. */
export const recordMessageStatus =
  (w: WriteSide) =>
  async ({ channelId, item, raw }: StatusPiece, receivedAt: Instant): Promise<SetAsideReason | null> => {
    const owner = await connectedChannel(w, channelId);
    if (!owner) return 'unknown_channel';
    const customer = await recipientOf(w, owner.store, item);
    if (!customer) return 'unknown_message';
    const id = `${channelId}.${customer.customerId}`;
    const { requests } = await w.stateOf(permission, id);
    const request = requests.find((r) => r.requestId === item.biz_opaque_callback_data || r.messageId === item.id);
    if (!request) return 'unknown_message';
    const { ticketId } = await w.stateOf(conversation, id);
    const { requestId } = request;
    const context = webhookContext(owner.store, { type: 'meta', id: channelId }, requestId, raw);
    const at = item.timestamp ?? receivedAt;
    const fact = { at, channelId, customerId: customer.customerId, ticketId, requestId };
    if (item.status === 'failed') {
      const metaErrorCode = item.errors[0]?.code ?? null;
      await w.transact(permission, id, { type: 'RecordRequestUndelivered', ...fact, metaErrorCode }, context);
    } else if (item.status === 'delivered' || item.status === 'read') {
      await w.transact(permission, id, { type: 'RecordRequestDelivered', ...fact }, context);
    }
    return null;
  };

/** Whoever we wrote to is in the directory; only by a BSUID must they be looked up the way that could enter them. */
const recipientOf = async (
  w: WriteSide,
  store: string,
  { recipient_id, recipient_user_id, biz_opaque_callback_data }: StatusItem,
): Promise<Customer | null> => {
  if (recipient_id !== null) return w.directory.find(store, recipient_id);
  if (recipient_user_id === null || biz_opaque_callback_data === null) return null;
  return w.directory.identify(store, { waId: null, bsuid: recipient_user_id, name: null });
};
