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

/** Finds the store's channel and its customer; whoever is named by a number is entered if new. */
export const addresseeOf = async (
  w: WriteSide,
  store: string,
  { channelId, customer }: { channelId: string; customer: string },
): Promise<Addressee | Refusal> => {
  const channel = await ownChannel(w, store, channelId);
  if (isRefusal(channel)) return channel;
  const to = await customerNamed(w, store, customer);
  if (isRefusal(to)) return to;
  const pair = pairKey(channelId, to.customerId);
  return { at: w.now(), channelId, channel, to, pair, conversation: await w.stateOf(conversation, pair) };
};

/** A message that an aggregate decides on, and the commands that tell it so. */
export type Message<C, E, S> = {
  readonly decider: Decider<C, E, S>;
  /** Ours; Meta's webhooks bring it back. */
  readonly id: string;
  readonly because: TicketOpening['because'];
  /** `null` when it is only asked whether it may be sent. */
  ask(ticketId: string | null): C;
  send(): Promise<{ ok: true; messageId: string } | GraphFailure>;
  sent(ticketId: string, messageId: string): C;
  refused(ticketId: string, failure: GraphFailure): readonly C[];
  /** Meta's refusal in our words. */
  refusalOf(failure: GraphFailure): Refusal;
};

type Sent = { readonly position: bigint | null };

/**
 * Sends a customer a message from their open ticket, or from one that is opened for it; a plain "no" opens none. It is
 * recorded before it is sent: one whose fate nobody knows stands as it is, and the same command again sends nothing twice.
 */
export const sendMessage = async <C extends { type: string }, E extends DomainEvent, S>(
  w: WriteSide,
  addressee: Addressee,
  message: Message<C, E, S>,
  context: Context,
): Promise<Sent | Refusal> => {
  const { decider, id, because } = message;
  const { at, channelId, channel, to, pair } = addressee;
  const preview = decider.decide(await w.stateOf(decider, pair), message.ask(null));
  if (isRefusal(preview)) return preview;
  const { customerId, waId, name: customerName } = to;
  const person = { channelName: channel.details.name, waId, customerName };
  const opening = { at, channelId, customerId, ...person, ticketId: uuidFrom('ticket', id), because, callId: null };
  const ticketId = await openTicket(w, opening, context);
  const recorded = await w.transact(decider, pair, message.ask(ticketId), context);
  if (isRefusal(recorded) || recorded.events.length === 0) return recorded;
  return (await deliver(w, { pair, ticketId }, message, context)) ?? recorded;
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
