import type { Channel } from '../domain/channel.ts';
import { type Conversation, conversation } from '../domain/conversation.ts';
import { type Decider, isRefusal, type Refusal } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/index.ts';
import type { TicketOpening } from '../domain/ticket-events.ts';
import type { Instant } from '../domain/time.ts';
import type { Customer } from '../store/directory.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { customerNamed, ownChannel, pairKey } from './belongings.ts';
import { openTicket } from './open-ticket.ts';
import type { GraphFailure } from './whatsapp/graph.ts';
import { stepOf, type WriteSide } from './write-side.ts';

/** Whom a message goes to from which channel, and how things stand there now. */
export type Addressee = {
  readonly at: Instant;
  readonly channelId: string;
  readonly channel: Channel;
  readonly to: Customer;
  /** The stream of what is between the two. */
  readonly pair: string;
  readonly conversation: Conversation;
};

/** The store's channel and customer it goes by; `customer` is a number or a `customerId`. */
type Address = { readonly channelId: string; readonly customer: string };

const addresseeOf = async (
  w: WriteSide,
  store: string,
  { channelId, customer }: Address,
): Promise<Addressee | Refusal> => {
  const channel = await ownChannel(w, store, channelId);
  if (isRefusal(channel)) return channel;
  const to = await customerNamed(w, store, customer);
  if (isRefusal(to)) return to;
  const pair = pairKey(channelId, to.customerId);
  return { at: w.now(), channelId, channel, to, pair, conversation: await w.stateOf(conversation, pair) };
};

/** Our id of a message, which Meta's webhooks bring back, and why it may open a ticket. */
type Label = { readonly id: string; readonly because: TicketOpening['because'] };

/** A message that an aggregate decides on, and the commands that tell it so. */
type Message<C, E, S> = Label & {
  readonly decider: Decider<C, E, S>;
  /** `null` when it is only asked whether it may be sent. */
  ask(ticketId: string | null): C;
  send(): Promise<{ ok: true; messageId: string } | GraphFailure>;
  sent(ticketId: string, messageId: string): C;
  refused(ticketId: string, failure: GraphFailure): readonly C[];
  /** Meta's refusal in our words. */
  refusalOf(failure: GraphFailure): Refusal | Promise<Refusal>;
};

type Sent = { readonly position: bigint | null };

/**
 * Sends a customer a message from their open ticket, or from one that is opened for it; a plain "no" opens none. It is
 * recorded before it is sent: one whose fate nobody knows stands as it is, and the same command again sends nothing twice.
 */
export const sendMessage = async <C extends { type: string }, E extends DomainEvent, S>(
  w: WriteSide,
  address: Address,
  messageTo: (addressee: Addressee) => Message<C, E, S>,
  context: Context,
): Promise<Sent | Refusal> => {
  const addressee = await addresseeOf(w, context.store, address);
  if (isRefusal(addressee)) return addressee;
  const message = messageTo(addressee);
  const { decider } = message;
  const { pair } = addressee;
  const preview = decider.decide(await w.stateOf(decider, pair), message.ask(null));
  if (isRefusal(preview)) return preview;
  const ticketId = await openTicket(w, openingOf(addressee, message), context);
  const recorded = await w.transact(decider, pair, message.ask(ticketId), context);
  if (isRefusal(recorded) || recorded.events.length === 0) return recorded;
  return (await deliver(w, { pair, ticketId }, message, context)) ?? recorded;
};

const openingOf = ({ at, channelId, channel, to }: Addressee, { id, because }: Label) => {
  const { customerId, waId, name: customerName } = to;
  const who = { channelId, channelName: channel.details.name, customerId, waId, customerName };
  return { at, ...who, ticketId: uuidFrom('ticket', id), because, callId: null };
};

/** Hands it to Meta and records what Meta said; `null` when nobody knows. */
const deliver = async <C extends { type: string }, E extends DomainEvent, S>(
  w: WriteSide,
  { pair, ticketId }: { pair: string; ticketId: string },
  message: Message<C, E, S>,
  context: Context,
): Promise<Sent | Refusal | null> => {
  const record = (command: C) => w.transact(message.decider, pair, command, stepOf(context, command.type));
  const answer = await message.send();
  if (answer.ok) return record(message.sent(ticketId, answer.messageId));
  if (answer.outcome === 'unknown') return null;
  for (const command of message.refused(ticketId, answer)) await record(command);
  return message.refusalOf(answer);
};
