import { z } from 'zod';
import { Button, showButton } from './buttons.ts';
import { countryOf } from './costs.ts';
import { GraphError } from './graph-error.ts';
import { messageStatusWebhook } from './message-webhooks.ts';
import { nextRequestAt, permissionAt, recordRequest } from './permission.ts';
import { Recipient, recipientOf } from './recipient.ts';
import { displayNumber, userIdOf } from './webhook-parts.ts';
import { type Conversation, newId, type Pricing, type SentMessage, type World } from './world.ts';

const Text = z.object({ body: z.string().min(1).max(4096) });

/** Asks for permission: the body may be left out; a header or footer is refused. */
const PermissionRequest = z.strictObject({
  type: z.literal('call_permission_request'),
  action: z.object({ name: z.literal('call_permission_request') }),
  body: z.object({ text: z.string().min(1) }).optional(),
});

/** Invites a call with a button. */
const CallButton = z.object({
  type: z.literal('voice_call'),
  body: z.object({ text: z.string().min(1) }),
  action: z.object({
    name: z.literal('voice_call'),
    parameters: Button.extend({ display_text: z.string().min(1).max(20).optional() }).optional(),
  }),
});

const Component = z.looseObject({
  type: z.string().toLowerCase(),
  sub_type: z.string().toLowerCase().optional(),
  parameters: z.array(Button.loose()).default([]),
});

const Envelope = Recipient.extend({
  recipient_type: z.literal('individual').optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
});

/** The body of `POST /{phoneNumberId}/messages`, as far as calling needs it. */
export const Message = z.discriminatedUnion('type', [
  Envelope.extend({ type: z.literal('text'), text: Text }),
  Envelope.extend({
    type: z.literal('interactive'),
    interactive: z.discriminatedUnion('type', [PermissionRequest, CallButton]),
  }),
  Envelope.extend({
    type: z.literal('template'),
    template: z.object({
      name: z.string().min(1),
      language: z.object({ code: z.string().min(2) }),
      components: z.array(Component).default([]),
    }),
  }),
]);
export type Message = z.infer<typeof Message>;

/** Sends a message as Meta would and reports its statuses; throws Meta's error where it would refuse. */
export function sendMessage(world: World, phoneNumberId: string, message: Message) {
  const now = world.clock.now();
  const waId = recipientOf(message);
  const conversation = world.conversation(phoneNumberId, waId);
  const asksPermission = isPermissionRequest(world, message);
  if (message.type !== 'template' && conversation.windowUntil <= now) {
    throw new GraphError(131047, `${waId} has not written or called for 24 hours: send a template.`);
  }
  if (asksPermission) checkRequest(conversation, now);
  const sent = { id: newId('wamid'), opaque: message.biz_opaque_callback_data, pricing: pricingOf(world, message) };
  deliver(world, conversation, sent);
  showButton(conversation, buttonOf(message), now);
  if (asksPermission && conversation.reachable) recordRequest(conversation, sent.id, now);
  return {
    messaging_product: 'whatsapp',
    contacts: [{ input: message.to ?? message.recipient, wa_id: waId, user_id: userIdOf(waId) }],
    messages: [{ id: sent.id }],
  };
}

/**
 * A sent template does not say what it is: the one registered under its name does. One never registered is taken
 * for what a calling program sends besides invites with a call button: a permission request.
 */
function isPermissionRequest(world: World, message: Message): boolean {
  if (message.type === 'text') return false;
  if (message.type === 'interactive') return message.interactive.type === 'call_permission_request';
  const { name, language, components } = message.template;
  const registered = world.template(name, language.code);
  if (registered) return registered.components.some(({ type }) => type === 'call_permission_request');
  return !components.some(({ sub_type }) => sub_type === 'voice_call');
}

/** The call button of a message; a template tells each of its parameters apart. */
function buttonOf(message: Message): z.infer<typeof Button> | undefined {
  if (message.type === 'interactive' && message.interactive.type === 'voice_call')
    return message.interactive.action.parameters;
  if (message.type !== 'template') return undefined;
  const button = message.template.components.find(({ sub_type }) => sub_type === 'voice_call');
  return button?.parameters && Object.assign({}, ...button.parameters);
}

function checkRequest(conversation: Conversation, now: number) {
  const { waId } = conversation.customer;
  if (permissionAt(conversation, now).kind === 'permanent') {
    throw new GraphError(138017, `${waId} has permitted calls for good: call without asking.`);
  }
  const allowedAt = nextRequestAt(conversation, now);
  if (allowedAt !== undefined) {
    throw new GraphError(138009, `Allowed again at ${Math.ceil(allowedAt / 1_000)} (Unix seconds), for ${waId}.`);
  }
}

/** Inside the service window free-form messages are free; a template costs by its category. */
function pricingOf(world: World, message: Message): Pricing {
  if (message.type !== 'template') {
    return { billable: false, pricing_model: 'PMP', category: 'service', type: 'free_customer_service' };
  }
  const { name, language } = message.template;
  const category = world.template(name, language.code)?.category.toLowerCase() ?? 'utility';
  return { billable: true, pricing_model: 'PMP', category, type: 'regular' };
}

function deliver(world: World, conversation: Conversation, sent: SentMessage) {
  const report = (status: 'sent' | 'delivered' | 'failed') =>
    world.send(messageStatusWebhook(conversation, sent, status, world.clock.now()));
  report('sent');
  if (!conversation.reachable) return report('failed');
  report('delivered');
  conversation.unread.push(sent);
  world.costs.messages.push({
    at: world.clock.now(),
    phone_number: displayNumber(conversation.phoneNumberId),
    country: countryOf(conversation.customer.waId),
    pricing_category: sent.pricing.category.toUpperCase(),
    pricing_type: sent.pricing.type.toUpperCase(),
  });
}
