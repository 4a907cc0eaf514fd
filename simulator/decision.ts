import { cardFor } from './limits.ts';
import type { PermissionReply } from './message-webhooks.ts';
import { acceptance } from './permission.ts';
import { Problem } from './problem.ts';
import type { Conversation, World } from './world.ts';

/** What a customer decides about being called, and where. */
export type Decision = {
  response: 'accept' | 'reject';
  permanent?: boolean | undefined;
  source: 'request' | 'profile' | 'callback';
};

/** The reply Meta sends for a decision; throws a `Problem` (409) when no request is open, 422 for what cannot be. */
export function answerTo(
  world: World,
  conversation: Conversation,
  { response, permanent, source }: Decision,
): PermissionReply {
  const now = world.clock.now();
  const answer = (forGood: boolean) => (response === 'accept' ? acceptance(forGood, now) : { response });
  if (source === 'profile') return { ...answer(permanent ?? true), source: 'user_action' };
  if (source === 'request') {
    return { ...answer(permanent ?? false), source: 'user_action', contextId: answerCard(conversation, now) };
  }
  if (response === 'accept') {
    return { ...acceptance(false, now), source: 'automatic', contextId: conversation.lastIncoming?.id };
  }
  throw new Problem(422, 'request.invalid', 'A callback is asked for, never rejected: send response "accept".');
}

/** The request on the customer's screen: it can be answered anew for seven days after each answer. */
function answerCard({ card, customer, phoneNumberId }: Conversation, now: number): string {
  if (!card || card.until <= now) {
    throw new Problem(
      409,
      'permission.not_requested',
      `${phoneNumberId} has no open request to ${customer.waId}: send one first.`,
    );
  }
  card.until = now + cardFor;
  card.answered = true;
  return card.id;
}
