import { callLimits, cardFor, freeAgainAt, requestLimits, temporaryFor, unansweredToRevoke, usage } from './limits.ts';
import { type PermissionReply, replyWebhook } from './message-webhooks.ts';
import { type Call, type Conversation, newId, type Permission, type World } from './world.ts';

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
export function grantCallback(world: World, { id, conversation }: Call) {
  const { callback_permission_status } = world.settings(conversation.phoneNumberId);
  if (callback_permission_status === 'DISABLED' || conversation.permission.kind === 'permanent') return;
  decide(world, conversation, { ...acceptance(false, world.clock.now()), source: 'automatic', contextId: id });
}

/** A connected call, in either direction, frees the requests and ends the row of unanswered calls. */
export function recordConnected(conversation: Conversation, { direction }: Call, now: number) {
  conversation.requestedAt = [];
  conversation.unansweredInRow = 0;
  if (direction === 'BUSINESS_INITIATED') conversation.connectedAt = [...recent(conversation.connectedAt, now), now];
}

/** An outgoing call unanswered or declined; the fourth in a row costs the permission. */
export function recordUnanswered(world: World, conversation: Conversation) {
  conversation.unansweredInRow += 1;
  if (conversation.unansweredInRow < unansweredToRevoke) return;
  conversation.unansweredInRow = 0;
  decide(world, conversation, { response: 'reject', source: 'automatic' });
}

/** A request that reached the customer's phone. */
export function recordRequest(conversation: Conversation, id: string, now: number) {
  conversation.requestedAt = [...recent(conversation.requestedAt, now), now];
  conversation.card = { id, until: now + cardFor, answered: false };
}

/** When the next request is allowed, undefined for now. */
export const nextRequestAt = ({ requestedAt }: Conversation, now: number) =>
  freeAgainAt(requestLimits, requestedAt, now);

/** When the next call is allowed, undefined for now. */
export const nextCallAt = ({ connectedAt }: Conversation, now: number) => freeAgainAt(callLimits, connectedAt, now);

/** No limit looks further back than the longest window. */
const recent = (instants: number[], now: number) => {
  const longest = Math.max(...[...requestLimits, ...callLimits].map(({ span }) => span));
  return instants.filter((at) => at > now - longest);
};

/** The answer of `GET /{phoneNumberId}/call_permissions`. */
export function permissionReport(conversation: Conversation, now: number) {
  const { reachable } = conversation;
  const permission = reachable ? permissionAt(conversation, now) : ({ kind: 'none' } as const);
  const { requestedAt, connectedAt } = conversation;
  const mayRequest = reachable && permission.kind !== 'permanent' && nextRequestAt(conversation, now) === undefined;
  const mayCall = permission.kind !== 'none' && nextCallAt(conversation, now) === undefined;
  return {
    messaging_product: 'whatsapp',
    permission: {
      status: permission.kind === 'none' ? 'no_permission' : permission.kind,
      ...(permission.kind === 'temporary' && { expiration_time: Math.floor(permission.until / 1_000) }),
    },
    actions: [
      {
        action_name: 'send_call_permission_request',
        can_perform_action: mayRequest,
        limits: limitsReport(requestLimits, requestedAt, now),
      },
      { action_name: 'start_call', can_perform_action: mayCall, limits: limitsReport(callLimits, connectedAt, now) },
    ],
  };
}

const limitsReport = (limits: typeof requestLimits, instants: readonly number[], now: number) =>
  limits.map((limit) => {
    const { used, freeAt } = usage(limit, instants, now);
    return {
      time_period: limit.period,
      max_allowed: limit.allowed,
      current_usage: used,
      ...(freeAt !== undefined && { limit_expiration_time: Math.ceil(freeAt / 1_000) }),
    };
  });
