import { askingRefusal } from '../domain/channel.ts';
import { conversation, windowIsOpen } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import type { Instant } from '../domain/time.ts';
import type { Customer } from '../store/directory.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { customerNamed, ownChannel, pairKey } from './belongings.ts';
import { openTicket } from './open-ticket.ts';
import type { GraphFailure } from './whatsapp/graph.ts';
import { contradictsPermission, metaRefusal } from './whatsapp/meta-errors.ts';
import { stepOf, type WriteSide } from './write-side.ts';

type Template = { name: string; language: string; parameters: string[] };
type Command = {
  agentId: string;
  channelId: string;
  customer: string;
  method: 'free_form' | 'template';
  body: string | null;
  template: Template | null;
};
type Requested = { requestId: string; position: bigint | null };

/** A request about to be sent. */
type Asking = Pick<Command, 'body' | 'template'> & {
  to: Customer;
  pair: string;
  fact: { at: Instant; channelId: string; customerId: string; ticketId: string | null; requestId: string };
};

/**
 * Asks a customer for leave to call. The request is recorded before it is sent: one whose fate nobody knows counts, and is never
 * sent again; one that Meta refuses does not count.
 */
export const requestPermission =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<Requested | Refusal> => {
    const { agentId, channelId, method, body, template } = command;
    const channel = await ownChannel(w, context.store, channelId);
    if (isRefusal(channel)) return channel;
    const to = await customerNamed(w, context.store, command.customer);
    if (isRefusal(to)) return to;
    const pair = pairKey(channelId, to.customerId);
    const state = await w.stateOf(conversation, pair);
    const at = w.now();
    const requestId = uuidFrom('request', context.commandId);
    const { customerId } = to;
    const about = { at, channelId, customerId, requestId, windowIsOpen: windowIsOpen(state, at) };
    const named = template && { name: template.name, language: template.language };
    const asking = { method, body, agentId, template: named, channel: askingRefusal(channel, at) };
    const request = { type: 'RequestPermission', ...about, ...asking } as const;
    const preview = permission.decide(await w.stateOf(permission, pair), { ...request, ticketId: null });
    if (isRefusal(preview)) return preview; // a plain "no" opens no ticket
    const person = { channelName: channel.details.name, waId: to.waId, customerName: to.name };
    const opening = { at, channelId, customerId, ...person, callId: null };
    const ticketId = await openTicket(
      w,
      { ...opening, ticketId: uuidFrom('ticket', requestId), because: 'permission_request' },
      context,
    );
    const fact = { at, channelId, customerId, ticketId, requestId };
    const requested = await w.transact(permission, pair, { ...request, ticketId }, context);
    if (isRefusal(requested)) return requested;
    if (requested.events.length === 0) return { requestId, position: null };
    return (await send(w, { to, pair, fact, body, template }, context)) ?? { requestId, position: requested.position };
  };

/** Sends it and records what Meta said; `null` when nobody knows. */
const send = async (
  w: WriteSide,
  { to, pair, fact, body, template }: Asking,
  context: Context,
): Promise<Requested | Refusal | null> => {
  const { waId, bsuid } = to;
  const { channelId, requestId } = fact;
  const sent = await w.graph.requestPermission({ channelId, waId, bsuid, requestId, body, template });
  if (!sent.ok) return sent.outcome === 'refused' ? recordRefused(w, pair, fact, sent, context) : null;
  const record = { type: 'RecordRequestSent', ...fact, at: w.now(), messageId: sent.messageId } as const;
  const recorded = await w.transact(permission, pair, record, stepOf(context, 'sent'));
  return isRefusal(recorded) ? recorded : { requestId, position: recorded.position };
};

const recordRefused = async (
  w: WriteSide,
  pair: string,
  fact: Asking['fact'],
  failure: GraphFailure,
  context: Context,
): Promise<Refusal> => {
  const { metaErrorCode, nextAllowedAt } = failure;
  const { requestId, ...about } = { ...fact, at: w.now() };
  const refused = { type: 'RecordRequestRefused', ...about, requestId, metaErrorCode } as const;
  await w.transact(permission, pair, refused, stepOf(context, 'request refused'));
  if (contradictsPermission(metaErrorCode)) {
    const disagreed = { type: 'RecordMetaRefusal', ...about, metaErrorCode, nextAllowedAt } as const;
    await w.transact(permission, pair, disagreed, stepOf(context, 'meta refusal'));
  }
  return metaRefusal(failure);
};
