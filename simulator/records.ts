import type { Channel } from './channel.ts';
import { type Costs, createCosts } from './costs.ts';
import { Limits } from './limits.ts';
import { type Template, TemplateRules } from './templates.ts';
import type { Cancel } from './timers.ts';

/** A person with WhatsApp on their phone; one who hides their number is known by their business-scoped id alone. */
export type Customer = {
  readonly waId: string;
  name: string;
  username?: string | undefined;
  parentUserId?: string | undefined;
  hidesNumber: boolean;
  /** Too old for permission requests, call buttons and calls of a business. */
  hasOldClient: boolean;
};

type Direction = 'USER_INITIATED' | 'BUSINESS_INITIATED';

/** A call from its first ring to its end; `preAccepted` is the SDP answer an accept must repeat. */
export type Call = {
  readonly id: string;
  readonly direction: Direction;
  readonly conversation: Conversation;
  readonly startedAt: number;
  readonly timers: Cancel[];
  readonly ctaPayload?: string | undefined;
  readonly deeplinkPayload?: string | undefined;
  opaque?: string | undefined;
  preAccepted?: string;
  answeredAt?: number;
  /** When the customer will hang up by themselves. */
  hangUpAt?: number;
  endedAt?: number;
};

/** What a message costs, in the words of its statuses. */
export type Pricing = { billable: boolean; pricing_model: 'PMP'; category: string; type: string };

/** A message of the business to a customer who may not have read it yet. */
export type SentMessage = { readonly id: string; readonly opaque?: string | undefined; readonly pricing: Pricing };

export type Permission = { kind: 'none' } | { kind: 'temporary'; until: number } | { kind: 'permanent' };

/** A permission request on the customer's screen, which can be answered, and answered anew, until it expires. */
type Card = { readonly id: string; until: number; answered: boolean };

/** Everything Meta knows of one business number and one customer. */
export type Conversation = {
  readonly phoneNumberId: string;
  readonly customer: Customer;
  reachable: boolean;
  permission: Permission;
  /** When permission was requested, and when an outgoing call was picked up. */
  requestedAt: number[];
  connectedAt: number[];
  unansweredInRow: number;
  windowUntil: number;
  /** The oldest first. */
  cards: Card[];
  unread: SentMessage[];
  /** Until when the call buttons sent to the customer can be tapped, by their payload; one that never arrived cannot. */
  readonly buttons: Map<string, number>;
  liveCall?: Call;
  /** The last incoming call, until it has brought a permission to call back. */
  callbackFor?: string;
};

/** All the simulator remembers. */
export type Records = {
  readonly customers: Map<string, Customer>;
  readonly channels: Map<string, Channel>;
  readonly conversations: Map<string, Conversation>;
  readonly calls: Map<string, Call>;
  readonly templates: Map<string, Template>;
  readonly costs: Costs;
  templateRules: TemplateRules;
  /** Of every number that has none of its own. */
  limits: Limits;
};

/** A world in which nothing has happened yet. */
export const newRecords = (): Records => ({
  customers: new Map(),
  channels: new Map(),
  conversations: new Map(),
  calls: new Map(),
  templates: new Map(),
  costs: createCosts(),
  templateRules: TemplateRules.parse({}),
  limits: Limits.parse({}),
});

/** How a conversation is found. */
export const conversationKey = (phoneNumberId: string, waId: string): string => `${phoneNumberId} ${waId}`;

/** A customer nobody has heard of. */
export const newCustomer = (waId: string): Customer => ({
  waId,
  name: `Customer ${waId.slice(-4)}`,
  hidesNumber: false,
  hasOldClient: false,
});

/** A number and a customer who have nothing to do with each other yet. */
export const newConversation = (phoneNumberId: string, customer: Customer): Conversation => ({
  phoneNumberId,
  customer,
  reachable: true,
  permission: { kind: 'none' },
  requestedAt: [],
  connectedAt: [],
  unansweredInRow: 0,
  windowUntil: 0,
  cards: [],
  unread: [],
  buttons: new Map(),
});
