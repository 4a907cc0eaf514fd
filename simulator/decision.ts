import { cardFor } from './limits.ts';
import type { PermissionReply } from './message-webhooks.ts';
import { acceptance, callback, openCards, permissionAt } from './permission.ts';
import { Problem } from './problem.ts';
import type { Conversation } from './records.ts';
import type { World } from './world.ts';

/** What a customer decides about being called, and where; on a request's card `messageId` names another than the last. */
export type Decision = {
  response: 'accept' | 'reject';
  permanent?: boolean | undefined;
  source: 'request' | 'profile' | 'callback';
  messageId?: string | undefined;
};

/** The reply Meta sends for a decision; throws a `Problem`: 409 when no such request is open, 422 for what cannot be. */
export function answerTo(world: World, conversation: Conversation, decision: Decision): PermissionReply {
  checkPossible(decision);
  const now = world.clock.now();
  const { response, permanent, source } = decision;
  if (source === 'callback') {
    checkCallbackHelps(conversation, now);
    return callback(conversation, now);
  }
  const answer = (forGood: boolean) => (response === 'accept' ? acceptance(forGood, now) : { response });
  if (source === 'profile') return { ...answer(permanent ?? true), source: 'user_action' };
  const contextId = answerCard(conversation, decision, now);
  return { ...answer(permanent ?? false), source: 'user_action', contextId };
}

function checkPossible({ response, permanent, source, messageId }: Decision) {
  const wrong = (detail: string) => new Problem(422, 'request.invalid', detail);
  if (source === 'callback' && (response === 'reject' || permanent))
    throw wrong('A callback is asked for, for seven days: send response "accept" and leave permanent out.');
  if (response === 'reject' && permanent) throw wrong('permanent: only an "accept" can be permanent.');
  if (source !== 'request' && messageId !== undefined) throw wrong('messageId: only a request has one.');
}

function checkCallbackHelps(conversation: Conversation, now: number) {
  if (permissionAt(conversation, now).kind !== 'permanent') return;
  const { customer, phoneNumberId } = conversation;
  const detail = `${customer.waId} has allowed ${phoneNumberId} to call for good: reject on the profile first.`;
  throw new Problem(409, 'permission.already_permanent', detail);
}

/** A request on the customer's screen: answered, it closes the older ones and can be answered anew for seven days. */
function answerCard(conversation: Conversation, { messageId }: Decision, now: number): string {
  const open = openCards(conversation, now);
  const card = messageId === undefined ? open.at(-1) : open.find(({ id }) => id === messageId);
  if (!card) {
    const { customer, phoneNumberId } = conversation;
    throw new Problem(
      409,
      'permission.not_requested',
      `${phoneNumberId} has no open request${messageId ? ` ${messageId}` : ''} to ${customer.waId}: send one first.`,
    );
  }
  card.until = now + cardFor;
  card.answered = true;
  conversation.cards = open.slice(open.indexOf(card));
  return card.id;
}
