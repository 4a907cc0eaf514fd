import { z } from 'zod';
import { Button, showButton } from './buttons.ts';
import { mayCallFrom } from './channel.ts';
import { countryOf } from './costs.ts';
import { allowedAgain } from './graph-connect.ts';
import { GraphError } from './graph-error.ts';
import { messageStatusWebhook } from './message-webhooks.ts';
import { nextRequestAt, permissionAt, recordRequest } from './permission.ts';
import { Recipient, recipientOf } from './recipient.ts';
import type { Conversation, Pricing, SentMessage } from './records.ts';
import { checkRestriction } from './restrictions.ts';
import { kindOfTemplate, type Template, templateOf } from './templates.ts';
import { displayNumber, userIdOf } from './webhook-parts.ts';
import { newId, type World } from './world.ts';

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
  const waId = recipientOf(message);
  const conversation = world.conversation(phoneNumberId, waId);
  if (message.type !== 'template' && conversation.windowUntil <= world.clock.now()) {
    throw new GraphError(131047, `${waId} has not written or called for 24 hours: send a template.`);
  }
  const template = message.type === 'template' ? templateOf(world, message.template) : undefined;
  const kind = template ? kindOfTemplate(template) : kindOf(message);
  if (kind === 'request') checkRequest(world, conversation);
  const sent = { id: newId('wamid'), opaque: message.biz_opaque_callback_data, pricing: pricingOf(message, template) };
  const arrives = deliver(world, conversation, sent, kind);
  showButton(conversation, buttonOf(message), { arrives, now: world.clock.now() });
  if (kind === 'request' && arrives) recordRequest(world, conversation, sent.id);
  const { hidesNumber } = conversation.customer;
  return {
    messaging_product: 'whatsapp',
    contacts: [
      { input: message.to ?? message.recipient, ...(!hidesNumber && { wa_id: waId }), user_id: userIdOf(waId) },
    ],
    messages: [{ id: sent.id }],
  };
}

type Kind = 'request' | 'invite' | 'other';

/**
 * What a message is. A sent template does not say so; one never registered is taken for what a calling program sends
 * besides invites with a call button: a permission request.
 */
function kindOf(message: Message): Kind {
  if (message.type === 'text') return 'other';
  if (message.type === 'interactive') return message.interactive.type === 'voice_call' ? 'invite' : 'request';
  return message.template.components.some(({ sub_type }) => sub_type === 'voice_call') ? 'invite' : 'request';
}

/** The call button of a message; a template tells each of its parameters apart. */
function buttonOf(message: Message): z.infer<typeof Button> | undefined {
  if (message.type === 'interactive' && message.interactive.type === 'voice_call')
    return message.interactive.action.parameters;
  if (message.type !== 'template') return undefined;
  const button = message.template.components.find(({ sub_type }) => sub_type === 'voice_call');
  return button?.parameters && Object.assign({}, ...button.parameters);
}

function checkRequest(world: World, conversation: Conversation) {
  const { waId } = conversation.customer;
  const channel = world.channel(conversation.phoneNumberId);
  const now = world.clock.now();
  if (!mayCallFrom(channel.account)) {
    throw new GraphError(138013, `A business in ${channel.account.country} cannot call its customers.`);
  }
  checkRestriction(channel, 'outgoing', now);
  if (permissionAt(conversation, now).kind === 'permanent') {
    throw new GraphError(138017, `${waId} has permitted calls for good: call without asking.`);
  }
  const allowedAt = nextRequestAt(world, conversation);
  if (allowedAt !== undefined) throw allowedAgain(138009, allowedAt, waId);
}

/** Inside the service window free-form messages are free; a template costs by its category. */
function pricingOf(message: Message, template: Template | undefined): Pricing {
  if (message.type !== 'template') {
    return { billable: false, pricing_model: 'PMP', category: 'service', type: 'free_customer_service' };
  }
  const category = template?.category.toLowerCase() ?? 'utility';
  return { billable: true, pricing_model: 'PMP', category, type: 'regular' };
}

/** Whether the message arrives: an old client shows neither requests nor call buttons. */
function deliver(world: World, conversation: Conversation, sent: SentMessage, kind: Kind): boolean {
  const now = world.clock.now();
  const report = (status: 'sent' | 'delivered' | 'failed') =>
    world.send(messageStatusWebhook(conversation, sent, status, now));
  const { reachable, customer, phoneNumberId } = conversation;
  const arrives = reachable && (kind === 'other' || !customer.hasOldClient);
  report('sent');
  report(arrives ? 'delivered' : 'failed');
  if (!arrives) return false;
  conversation.unread.push(sent);
  world.records.costs.addMessage({
    at: now,
    phone_number: displayNumber(phoneNumberId),
    country: countryOf(customer.waId),
    pricing_category: sent.pricing.category.toUpperCase(),
    pricing_type: sent.pricing.type.toUpperCase(),
  });
  return true;
}
