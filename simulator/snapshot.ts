import { type Channel, newChannel } from './channel.ts';
import { type Billed, createCosts } from './costs.ts';
import type { Limits } from './limits.ts';
import {
  type Call,
  type Conversation,
  type Customer,
  conversationKey,
  newConversation,
  newCustomer,
  newRecords,
  type Records,
} from './records.ts';
import { type Template, type TemplateRules, templateKey } from './templates.ts';

type SavedConversation = Omit<Conversation, 'customer' | 'liveCall' | 'buttons'> & {
  readonly waId: string;
  readonly buttons: readonly (readonly [payload: string, until: number])[];
};
type SavedCall = Omit<Call, 'conversation' | 'timers'> & { readonly phoneNumberId: string; readonly waId: string };

/** All the simulator remembers as plain data: what refers to something else names it by its id. */
export type Snapshot = {
  readonly customers: readonly Customer[];
  readonly channels: readonly Channel[];
  readonly conversations: readonly SavedConversation[];
  readonly calls: readonly SavedCall[];
  readonly templates: readonly Template[];
  readonly templateRules: TemplateRules;
  readonly limits: Limits;
  readonly billed: Billed;
};

/** What is remembered now; it shares its parts with the records, so write it down before they change. */
export const snapshotOf = (records: Records): Snapshot => ({
  customers: [...records.customers.values()],
  channels: [...records.channels.values()],
  conversations: [...records.conversations.values()].map(({ customer, liveCall: _, buttons, ...rest }) => ({
    ...rest,
    buttons: [...buttons],
    waId: customer.waId,
  })),
  calls: [...records.calls.values()].map(({ conversation, timers: _, ...rest }) => ({
    ...rest,
    phoneNumberId: conversation.phoneNumberId,
    waId: conversation.customer.waId,
  })),
  templates: [...records.templates.values()],
  templateRules: records.templateRules,
  limits: records.limits,
  billed: records.costs.billed,
});

/** The records a snapshot was taken of; what it lacks is as in a new world. */
export function recordsOf(snapshot: Snapshot): Records {
  const records: Records = {
    ...newRecords(),
    templateRules: snapshot.templateRules,
    limits: snapshot.limits,
    costs: createCosts(snapshot.billed),
  };
  const { customers, channels, conversations, templates } = records;
  for (const customer of snapshot.customers) {
    customers.set(customer.waId, { ...newCustomer(customer.waId), ...customer });
  }
  for (const channel of snapshot.channels) channels.set(channel.id, { ...newChannel(channel.id), ...channel });
  for (const template of snapshot.templates) templates.set(templateKey(template.name, template.language), template);
  for (const { waId, buttons, ...rest } of snapshot.conversations) {
    const conversation = newConversation(rest.phoneNumberId, customers.get(waId) ?? newCustomer(waId));
    const known = { ...conversation, ...rest, buttons: new Map(buttons) };
    conversations.set(conversationKey(rest.phoneNumberId, waId), known);
  }
  for (const saved of snapshot.calls) recall(records, saved);
  return records;
}

function recall({ conversations, calls }: Records, { phoneNumberId, waId, ...rest }: SavedCall) {
  const conversation = conversations.get(conversationKey(phoneNumberId, waId));
  if (!conversation) return;
  const call: Call = { ...rest, conversation, timers: [] };
  calls.set(call.id, call);
  if (call.endedAt === undefined) conversation.liveCall = call;
}
