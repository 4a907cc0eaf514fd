import { openCards, permissionAt } from './permission.ts';
import type { Call, Conversation, Permission } from './records.ts';
import type { World } from './world.ts';

/** What Meta knows of a customer and a number, for whoever plays the customer. */
export function customerReport(world: World, conversation: Conversation) {
  const now = world.clock.now();
  const { customer, phoneNumberId, reachable, unansweredInRow, windowUntil, liveCall } = conversation;
  return {
    ...customer,
    channelId: phoneNumberId,
    reachable,
    permission: permissionView(permissionAt(conversation, now)),
    requests: openCards(conversation, now).map(({ id, until, answered }) => ({
      messageId: id,
      answered,
      until: moment(until),
    })),
    unansweredInRow,
    isWarned: unansweredInRow >= world.limits(phoneNumberId).unansweredToWarn,
    serviceWindowUntil: windowUntil > now ? moment(windowUntil) : null,
    call: liveCall ? callView(liveCall) : null,
  };
}

const permissionView = (permission: Permission) =>
  permission.kind === 'temporary' ? { ...permission, until: moment(permission.until) } : permission;

const callView = ({ id, direction, answeredAt }: Call) => ({
  metaCallId: id,
  direction,
  state: answeredAt === undefined ? 'ringing' : 'answered',
});

const moment = (at: number) => new Date(at).toISOString();
