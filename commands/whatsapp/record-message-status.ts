import { conversation } from '../../domain/conversation.ts';
import { permission } from '../../domain/permission.ts';
import type { Instant } from '../../domain/time.ts';
import type { Customer } from '../../store/directory.ts';
import { pairKey } from '../belongings.ts';
import { stepOf, type WriteSide } from '../write-side.ts';
import type { StatusItem } from './delivery.ts';
import type { StatusPiece } from './pieces.ts';
import type { SetAsideReason } from './set-aside.ts';
import { connectedChannel, webhookContext } from './webhook-context.ts';

/** Records one element of `statuses[]` that is about a message: whether a permission request or a call invite arrived. */
export const recordMessageStatus =
  (w: WriteSide) =>
  async ({ channelId, item, raw }: StatusPiece, receivedAt: Instant): Promise<SetAsideReason | null> => {
    const owner = await connectedChannel(w, channelId);
    if (!owner) return 'unknown_channel';
    const customer = await recipientOf(w, owner.store, item);
    if (!customer) return 'unknown_message';
    const { customerId } = customer;
    const pair = pairKey(channelId, customerId);
    const { requests } = await w.stateOf(permission, pair);
    const { invites, ticketId } = await w.stateOf(conversation, pair);
    const request = requests.find(({ requestId, messageId }) => isAbout(item, requestId, messageId));
    const invite = invites.find(({ inviteId, messageId }) => isAbout(item, inviteId, messageId));
    const ours = request?.requestId ?? invite?.inviteId;
    if (ours === undefined) return 'unknown_message';
    const context = webhookContext(owner.store, { type: 'meta', id: channelId }, ours, raw);
    const about = { at: item.timestamp ?? receivedAt, channelId, customerId };
    if (request) {
      const sent = { type: 'RecordRequestSent', ...about, ticketId, requestId: ours, messageId: item.id } as const;
      await w.transact(permission, pair, sent, stepOf(context, 'sent')); // Meta's answer to us may have been lost
    }
    const fate = fateOf(item);
    if (fate === null) return null;
    if (request) await w.transact(permission, pair, ofRequest(fate, { ...about, ticketId, requestId: ours }), context);
    else await w.transact(conversation, pair, ofInvite(fate, { ...about, inviteId: ours }), context);
    return null;
  };

const isAbout = ({ id, biz_opaque_callback_data }: StatusItem, ours: string, messageId: string | null) =>
  ours === biz_opaque_callback_data || messageId === id;

type Fate = { readonly arrived: true } | { readonly arrived: false; readonly metaErrorCode: number | null };

/** What became of a message; `null` while it is on its way. */
const fateOf = ({ status, errors }: StatusItem): Fate | null => {
  if (status === 'failed') return { arrived: false, metaErrorCode: errors[0]?.code ?? null };
  return status === 'delivered' || status === 'read' ? { arrived: true } : null;
};

type About = { readonly at: Instant; readonly channelId: string; readonly customerId: string };

const ofRequest = (fate: Fate, about: About & { ticketId: string | null; requestId: string }) =>
  fate.arrived
    ? ({ type: 'RecordRequestDelivered', ...about } as const)
    : ({ type: 'RecordRequestUndelivered', ...about, metaErrorCode: fate.metaErrorCode } as const);

const ofInvite = (fate: Fate, about: About & { inviteId: string }) =>
  fate.arrived
    ? ({ type: 'RecordInviteDelivered', ...about } as const)
    : ({ type: 'RecordInviteUndelivered', ...about, metaErrorCode: fate.metaErrorCode } as const);

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
