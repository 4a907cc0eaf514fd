import { type Agent, agent } from '../../domain/agent.ts';
import { mayRing } from '../../domain/call.ts';
import type { Call } from '../../domain/call-state.ts';
import { channel, incomingMissReason } from '../../domain/channel.ts';
import { isRefusal } from '../../domain/decider.ts';
import { callerOf, triedBy } from '../../domain/hand-out.ts';
import { type Colleague, limitOf, type Route, routeCall } from '../../domain/route-call.ts';
import { type Routing, routing } from '../../domain/routing.ts';
import type { Recorded } from '../../store/event-log.ts';
import { agentKey } from '../belongings.ts';
import type { WriteSide } from '../write-side.ts';
import { causedBy } from './reaction.ts';

/** The router's answer, with the chosen agent as they were. */
export type Choice = Route & { readonly colleague: Colleague | null };

/** The staff of a store in the order of the roster, as they were when they were looked at. */
export type Crew = Map<string, Agent>;

/** Looks at everybody now. Who hands out several calls looks once, or an agent freed meanwhile would go to the wrong one. */
export const crewOf = async (w: WriteSide, store: string): Promise<Crew> => {
  const { roster } = await w.stateOf(routing, store);
  const look = async ({ agentId }: { agentId: string }) =>
    [agentId, await w.stateOf(agent, agentKey(store, agentId))] as const;
  return new Map(await Promise.all(roster.map(look)));
};

/** An incoming call to be handed out to these, as it stands, and the rules of its store. */
type Handing = {
  readonly callId: string;
  readonly ticketId: string;
  readonly state: Call;
  readonly known: Routing;
  readonly crew: Crew;
};

const already = (colleague: Colleague): Choice => {
  const { agentId } = colleague;
  const candidates = [{ agentId, passedOver: null }];
  return { candidates, chosen: agentId, journeyId: null, waits: null, noAgent: null, colleague };
};

/** Asks the router; whoever holds the call already, from before a crash, keeps it. */
const choose = async (w: WriteSide, handing: Handing, refusedBy: readonly string[]): Promise<Choice> => {
  const { callId, ticketId, state, known, crew } = handing;
  const { rules, journeys } = known;
  const roster = [...crew].map(([agentId, present]) => ({ agentId, state: present }));
  const tried = [...refusedBy, ...triedBy(state)];
  const held = roster.find((one) => one.state.call?.callId === callId && !tried.includes(one.agentId));
  if (held) return already(held);
  const call = callerOf(state);
  const channelMiss = incomingMissReason(await w.stateOf(channel, call.channelId), call.startedAt);
  const route = routeCall({ at: w.now(), channelMiss, rules, journeys, call, ticketId, roster, tried });
  return { ...route, colleague: roster.find(({ agentId }) => agentId === route.chosen) ?? null };
};

/** Holds the agent for the call; `false` when they cannot be held any more. Either way the crew knows them as they are. */
const reserve = async (w: WriteSide, { callId, ticketId, known, crew }: Handing, one: Colleague, cause: Recorded) => {
  const { agentId, state } = one;
  const capacity = limitOf(state, known.rules);
  const reservation = { agentId, callId, ticketId, direction: 'incoming', fence: null, capacity } as const;
  const key = agentKey(cause.metadata.store, agentId);
  const reserved = await w.transact(
    agent,
    key,
    { type: 'ReserveAgent', at: w.now(), ...reservation },
    causedBy(cause, `reserve ${agentId} for ${callId}`),
  );
  crew.set(agentId, isRefusal(reserved) ? await w.stateOf(agent, key) : reserved.state);
  return !isRefusal(reserved);
};

/** The first agent in turn who could really be reserved, or whose the call is although they cannot; else what becomes of it. */
export const findAgent = async (w: WriteSide, handing: Handing, cause: Recorded): Promise<Choice> => {
  const refusedBy: string[] = [];
  for (;;) {
    const choice = await choose(w, handing, refusedBy);
    const { colleague, noAgent } = choice;
    if (!colleague || noAgent !== null || !mayRing(handing.state, w.now())) return choice;
    if (await reserve(w, handing, colleague, cause)) return choice;
    refusedBy.push(colleague.agentId);
  }
};
