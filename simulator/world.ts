import { randomUUID } from 'node:crypto';
import { createCosts } from './costs.ts';
import type { Outbox } from './outbox.ts';
import { type CallingSettings, defaultSettings } from './settings.ts';
import type { Cancel, Clock, Timers } from './timers.ts';

/** A person with WhatsApp on their phone. */
export type Customer = { readonly waId: string; name: string };

type Direction = 'USER_INITIATED' | 'BUSINESS_INITIATED';

/** A call from its first ring to its end; `preAccepted` is the SDP answer an accept must repeat. */
export type Call = {
  readonly id: string;
  readonly direction: Direction;
  readonly conversation: Conversation;
  readonly timers: Cancel[];
  readonly ctaPayload?: string | undefined;
  readonly deeplinkPayload?: string | undefined;
  opaque?: string | undefined;
  preAccepted?: string;
  answeredAt?: number;
  endedAt?: number;
};

/** What a message costs, in the words of its statuses. */
export type Pricing = { billable: boolean; pricing_model: 'PMP'; category: string; type: string };

/** A message of the business to a customer who may not have read it yet. */
export type SentMessage = { readonly id: string; readonly opaque?: string | undefined; readonly pricing: Pricing };

export type Permission = { kind: 'none' } | { kind: 'temporary'; until: number } | { kind: 'permanent' };

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
  /** The last permission request on the customer's screen. */
  card?: { readonly id: string; until: number; answered: boolean };
  unread: SentMessage[];
  /** Until when the call buttons sent to the customer can be tapped, by their payload; one that never arrived cannot. */
  readonly buttons: Map<string, number>;
  liveCall?: Call;
  lastIncoming?: Call;
};

export type Template = { name: string; language: string; category: string; components: { type: string }[] };

export type World = ReturnType<typeof createWorld>;

/** Finished calls are remembered this long in number, so that acting on one is told from an unknown id. */
const callsRemembered = 10_000;

type Parts = { clock: Clock; timers: Timers; send: Outbox['send'] };

/** All the simulator knows: numbers, customers, conversations, calls and templates, found or made by their ids. */
export function createWorld({ clock, timers, send }: Parts) {
  const settings = new Map<string, CallingSettings>();
  const customers = new Map<string, Customer>();
  const conversations = new Map<string, Conversation>();
  const calls = new Map<string, Call>();
  const templates = new Map<string, Template>();

  const customer = (waId: string) => found(customers, waId, () => ({ waId, name: `Customer ${waId.slice(-4)}` }));

  const conversation = (phoneNumberId: string, waId: string) =>
    found<Conversation>(conversations, `${phoneNumberId} ${waId}`, () => ({
      phoneNumberId,
      customer: customer(waId),
      reachable: true,
      permission: { kind: 'none' },
      requestedAt: [],
      connectedAt: [],
      unansweredInRow: 0,
      windowUntil: 0,
      unread: [],
      buttons: new Map(),
    }));

  const remember = (call: Call) => {
    calls.set(call.id, call);
    const [oldest] = calls.values();
    if (oldest && calls.size > callsRemembered && oldest.endedAt !== undefined) calls.delete(oldest.id);
  };

  return {
    clock,
    timers,
    send,
    costs: createCosts(),
    customer,
    conversation,
    call: (id: string) => calls.get(id),
    remember,
    settings: (phoneNumberId: string) => found(settings, phoneNumberId, () => defaultSettings),
    saveSettings: (phoneNumberId: string, changed: CallingSettings) => settings.set(phoneNumberId, changed),
    template: (name: string, language: string) => templates.get(`${name} ${language}`),
    templates: () => [...templates.values()],
    saveTemplate: (template: Template) => templates.set(`${template.name} ${template.language}`, template),
  };
}

/** An id nobody had before, also after a restart: the program under test keeps the old ones. */
export const newId = (prefix: 'wacid' | 'wamid'): string =>
  `${prefix}.SIM${randomUUID().replaceAll('-', '').toUpperCase()}`;

function found<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
