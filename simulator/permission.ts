import { cardFor, connectedLimits, counting, freeAgainAt, requestLimits, temporaryFor } from './limits.ts';
import { type PermissionReply, replyWebhook } from './message-webhooks.ts';
import type { Call, Conversation, Permission } from './records.ts';
import { newId, type World } from './world.ts';

/** The permission that holds at `now`: a temporary one ends without any word from Meta. */
export const permissionAt = ({ permission }: Conversation, now: number): Permission =>
  permission.kind === 'temporary' && permission.until <= now ? { kind: 'none' } : permission;

/** Records what the customer, or Meta for them, decided, and sends the reply. */
export function decide(world: World, conversation: Conversation, reply: PermissionReply) {
  const now = world.clock.now();
  conversation.permission = granted(reply);
  world.send(replyWebhook(conversation, newId('wamid'), reply, now));
}

const granted = ({ response, isPermanent, until }: PermissionReply): Permission => {
  if (response === 'reject') return { kind: 'none' };
  return isPermanent || until === undefined ? { kind: 'permanent' } : { kind: 'temporary', until };
};

/** What an accept says: forever, or for seven days from `now`. */
export const acceptance = (
  isPermanent: boolean,
  now: number,
): Pick<PermissionReply, 'response' | 'isPermanent' | 'until'> =>
  isPermanent ? { response: 'accept', isPermanent } : { response: 'accept', isPermanent, until: now + temporaryFor };

/** After an incoming call, missed or not, a number with callback requests on may call back for seven days. */
export function grantCallback(world: World, conversation: Conversation) {
  const { callback_permission_status } = world.channel(conversation.phoneNumberId).settings;
  if (callback_permission_status === 'DISABLED' || conversation.permission.kind === 'permanent') return;
  decide(world, conversation, callback(conversation, world.clock.now()));
}

/** The permission to call back: after the last incoming call, or out of the blue when that has brought its own. */
export function callback(conversation: Conversation, now: number): PermissionReply {
  const contextId = conversation.callbackFor;
  delete conversation.callbackFor;
  return { ...acceptance(false, now), source: 'automatic', contextId };
}

/** A connected call, in either direction, frees the requests and ends the row of unanswered calls. */
export function recordConnected(world: World, { direction, conversation }: Call) {
  conversation.requestedAt = [];
  conversation.unansweredInRow = 0;
  if (direction === 'USER_INITIATED') return;
  const limits = connectedLimits(world.limits(conversation.phoneNumberId));
  conversation.connectedAt = counting(limits, conversation.connectedAt, world.clock.now());
}

/** An outgoing call unanswered or declined; the fourth in a row costs the permission. */
export function recordUnanswered(world: World, conversation: Conversation) {
  conversation.unansweredInRow += 1;
  if (conversation.unansweredInRow < world.limits(conversation.phoneNumberId).unansweredToRevoke) return;
  conversation.unansweredInRow = 0;
  decide(world, conversation, { response: 'reject', source: 'automatic' });
}

/** A request that reached the customer's phone. */
export function recordRequest(world: World, conversation: Conversation, id: string) {
  const now = world.clock.now();
  const limits = requestLimits(world.limits(conversation.phoneNumberId));
  conversation.requestedAt = counting(limits, conversation.requestedAt, now);
  conversation.cards = [...openCards(conversation, now), { id, until: now + cardFor, answered: false }];
}

/** The requests the customer can still answer, the oldest first. */
export const openCards = ({ cards }: Conversation, now: number) => cards.filter(({ until }) => until > now);

/** When the next request is allowed, undefined for now. */
export const nextRequestAt = (world: World, { phoneNumberId, requestedAt }: Conversation) =>
  freeAgainAt(requestLimits(world.limits(phoneNumberId)), requestedAt, world.clock.now());

/** When the next call is allowed, undefined for now. */
export const nextCallAt = (world: World, { phoneNumberId, connectedAt }: Conversation) =>
  freeAgainAt(connectedLimits(world.limits(phoneNumberId)), connectedAt, world.clock.now());
