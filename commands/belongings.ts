import { agent } from '../domain/agent.ts';
import { call } from '../domain/call.ts';
import type { Call } from '../domain/call-state.ts';
import { pairOfCallback } from '../domain/callback-request.ts';
import { type Channel, channel } from '../domain/channel.ts';
import { type Refusal, refuse } from '../domain/decider.ts';
import { isTeam, routing } from '../domain/routing.ts';
import { type Ticket, ticket } from '../domain/ticket.ts';
import type { Customer } from '../store/directory.ts';
import type { WriteSide } from './write-side.ts';

// What belongs to a store. Another store's looks the same as none: a refusal that ends in `.unknown` is a 404.

/** The stream of an agent of a store. */
export const agentKey = (store: string, agentId: string) => `${store}.${agentId}`;

/** The stream of what is between a channel and a customer. */
export const pairKey = (channelId: string, customerId: string) => `${channelId}.${customerId}`;

/** The store's channel. */
export const ownChannel = async (w: WriteSide, store: string, channelId: string): Promise<Channel | Refusal> => {
  const state = await w.stateOf(channel, channelId);
  return state.store === store ? state : refuse('channel.unknown');
};

/** The store's call. */
export const ownCall = async (w: WriteSide, store: string, callId: string): Promise<Call | Refusal> => {
  const state = await w.stateOf(call, callId);
  const owner = state.direction && (await w.stateOf(channel, state.parties.channelId)).store;
  return owner === store ? state : refuse('call.unknown');
};

/** The store's ticket and the ids it stands under. */
export const ownTicket = async (
  w: WriteSide,
  store: string,
  ticketId: string,
): Promise<NonNullable<Ticket['ids']> | Refusal> => {
  const { ids } = await w.stateOf(ticket, ticketId);
  const owner = ids && (await w.stateOf(channel, ids.channelId)).store;
  return ids && owner === store ? ids : refuse('ticket.unknown');
};

/** Whose callback request it is, on one of the store's channels. */
export const ownCallback = async (
  w: WriteSide,
  store: string,
  callbackId: string,
): Promise<{ channelId: string; customerId: string } | Refusal> => {
  const whose = pairOfCallback(callbackId);
  const owner = whose && (await w.stateOf(channel, whose.channelId)).store;
  return whose && owner === store ? whose : refuse('callback.unknown');
};

/** Whether somebody is an agent of the store. */
export const isRegistered = async (w: WriteSide, store: string, agentId: string): Promise<boolean> =>
  (await w.stateOf(agent, agentKey(store, agentId))).profile !== null;

/** Whether somebody of the store belongs to a team. */
export const hasTeam = async (w: WriteSide, store: string, team: string): Promise<boolean> =>
  isTeam(await w.stateOf(routing, store), team);

/** The store's customer by number or `customerId`; whoever is named by a number is entered if new. */
export const customerNamed = async (w: WriteSide, store: string, name: string): Promise<Customer | Refusal> => {
  const known = await w.directory.find(store, name);
  if (known) return known;
  if (!isNumber(name)) return refuse('customer.unknown');
  return w.directory.identify(store, { waId: name, bsuid: null, name: null });
};

/** Whether a customer is named by their number, rather than by their `customerId`. */
export const isNumber = (name: string) => /^\+?\d+$/.test(name);
