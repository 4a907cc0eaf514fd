import { GraphError } from './graph-error.ts';
import { connectedLimits, counting, freeAgainAt, type Limit, queryLimits, requestLimits, usage } from './limits.ts';
import { nextCallAt, nextRequestAt, permissionAt } from './permission.ts';
import type { Conversation, Permission } from './records.ts';
import { restrictionOn } from './restrictions.ts';
import type { World } from './world.ts';

/** The answer of `GET /{phoneNumberId}/call_permissions`; throws Meta's error when it is asked too often. */
export function permissionReport(world: World, conversation: Conversation) {
  countQuery(world, conversation.phoneNumberId);
  const now = world.clock.now();
  const { reachable, requestedAt, connectedAt, phoneNumberId } = conversation;
  const permission = reachable ? permissionAt(conversation, now) : ({ kind: 'none' } as const);
  const limits = world.limits(phoneNumberId);
  const free = reachable && restrictionOn(world.channel(phoneNumberId), 'outgoing', now) === undefined;
  const mayRequest = free && permission.kind !== 'permanent' && nextRequestAt(world, conversation) === undefined;
  const mayCall = free && permission.kind !== 'none' && nextCallAt(world, conversation) === undefined;
  return {
    messaging_product: 'whatsapp',
    permission: permissionStatus(permission),
    actions: [
      {
        action_name: 'send_call_permission_request',
        can_perform_action: mayRequest,
        limits: limitsReport(requestLimits(limits), requestedAt, now),
      },
      {
        action_name: 'start_call',
        can_perform_action: mayCall,
        limits: limitsReport(connectedLimits(limits), connectedAt, now),
      },
    ],
  };
}

const permissionStatus = (permission: Permission) => ({
  status: permission.kind === 'none' ? 'no_permission' : permission.kind,
  ...(permission.kind === 'temporary' && { expiration_time: Math.floor(permission.until / 1_000) }),
});

function countQuery(world: World, phoneNumberId: string) {
  const limits = queryLimits(world.limits(phoneNumberId));
  const channel = world.channel(phoneNumberId);
  const now = world.clock.now();
  if (freeAgainAt(limits, channel.queriedAt, now) !== undefined) {
    throw new GraphError(613, `${phoneNumberId} asks for permissions too often: wait a second.`);
  }
  channel.queriedAt = counting(limits, channel.queriedAt, now);
}

/** Meta tells when a limit frees only of one that is full. */
const limitsReport = (limits: readonly Limit[], instants: readonly number[], now: number) =>
  limits.map((limit) => {
    const { used, freeAt } = usage(limit, instants, now);
    return {
      time_period: limit.period,
      max_allowed: limit.allowed,
      current_usage: used,
      ...(freeAt !== undefined && { limit_expiration_time: Math.ceil(freeAt / 1_000) }),
    };
  });
