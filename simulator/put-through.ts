import { errorWebhook } from './call-webhooks.ts';
import { Problem } from './problem.ts';
import type { Conversation } from './records.ts';
import { restrictionOn } from './restrictions.ts';
import type { World } from './world.ts';

/**
 * Throws a `Problem` (409) where Meta does not put a customer's call through: the number is restricted, has all the calls
 * it may have (of which Meta says nothing), or nobody pays for it (which it tells as an error).
 */
export function checkPutThrough(world: World, conversation: Conversation) {
  const { phoneNumberId } = conversation;
  const channel = world.channel(phoneNumberId);
  const restriction = restrictionOn(channel, 'incoming', world.clock.now());
  if (restriction) throw refused('call.restricted', `${phoneNumberId} is under ${restriction.type}.`);
  const { concurrentCalls } = world.limits(phoneNumberId);
  if (world.liveCalls(phoneNumberId).length >= concurrentCalls) {
    throw refused('call.all_lines_busy', `${phoneNumberId} has ${concurrentCalls} calls at once.`);
  }
  if (channel.account.paymentMethod) return;
  world.send(errorWebhook(conversation, { code: 131044, message: 'No valid payment method' }));
  throw refused('call.no_payment_method', `${phoneNumberId} has no payment method.`);
}

const refused = (code: string, detail: string) => new Problem(409, code, `The call is not put through: ${detail}`);
