import { z } from 'zod';
import { personal } from './personal.ts';
import { MessageMethod, TemplateName } from './service-window.ts';
import { Instant } from './time.ts';

/** The words on a call button. */
export const ButtonText = z.string().trim().min(1).max(20);
/** How long a call button can be tapped, in minutes: up to 30 days. */
export const TtlMinutes = z.int().min(1).max(43_200);

/** What an invite says where the agent leaves it open. */
export const usualInvite = {
  body: 'You can call us on WhatsApp: tap the button below.',
  displayText: 'Call on WhatsApp',
  ttlMinutes: 10_080,
};

/** `ticketId`: the ticket it was sent from; of its use, the ticket of the call. */
const ofInvite = {
  at: Instant,
  channelId: z.string(),
  customerId: z.string(),
  ticketId: z.string().nullable(),
  inviteId: z.string(),
};

/** A message with a button by which the customer calls us, and what becomes of it. */
export const inviteEvents = {
  /** `displayText` is `null` where a template brings its own. */
  CallInvited: {
    ...ofInvite,
    method: MessageMethod,
    template: TemplateName.nullable(),
    body: personal(z.string()),
    displayText: ButtonText.nullable(),
    ttlMinutes: TtlMinutes,
    agentId: z.string(),
    expiresAt: Instant,
  },
  CallInviteSent: { ...ofInvite, messageId: z.string() },
  /** Meta refused to send it. */
  CallInviteRefused: { ...ofInvite, metaErrorCode: z.int().nullable() },
  CallInviteDelivered: ofInvite,
  /** It failed on its way. */
  CallInviteUndelivered: { ...ofInvite, metaErrorCode: z.int().nullable() },
  /** The customer called by its button; `at` is when. */
  CallInviteUsed: { ...ofInvite, callId: z.string() },
  CallInviteExpired: ofInvite,
};
