import { agent } from '../agent.ts';
import { mayRing } from '../call.ts';
import { type Call, isWaiting } from '../call-state.ts';
import { callerOf, decisionOf, missOf, triedBy } from '../hand-out.ts';
import type { Named } from '../index.ts';
import { hasQueue, limitOf, type Route, routeCall } from '../route-call.ts';
import { seconds } from '../time.ts';
import { enter, leave } from './line.ts';
import { type Stage, tellAgent, tellCall, tellTicket, ticketIdOf } from './stage.ts';

// the steps of the process managers that hand out incoming calls, in no time

const stateOf = (stage: Stage, agentId: string) => stage.agents.get(agentId) ?? agent.initial;

const ask = (stage: Stage, callId: string, state: Call): Route =>
  routeCall({
    at: stage.now,
    channelMiss: stage.arrivals.get(callId)?.channelMiss ?? null,
    rules: stage.routing.rules,
    journeys: stage.routing.journeys,
    call: callerOf(state),
    ticketId: ticketIdOf(stage, callId),
    roster: stage.routing.roster.map(({ agentId }) => ({ agentId, state: stateOf(stage, agentId) })),
    tried: triedBy(state),
  });

const assign = (stage: Stage, callId: string, agentId: string) =>
  tellTicket(stage, ticketIdOf(stage, callId), {
    type: 'AssignByCall',
    at: stage.now,
    callId,
    agentId,
    because: 'routed',
  });

const reserve = (stage: Stage, callId: string, agentId: string) =>
  tellAgent(stage, agentId, {
    type: 'ReserveAgent',
    at: stage.now,
    agentId,
    callId,
    ticketId: ticketIdOf(stage, callId),
    direction: 'incoming',
    fence: null,
    capacity: limitOf(stateOf(stage, agentId), stage.routing.rules),
  });

const offer = (stage: Stage, callId: string, agentId: string) => {
  const { now: at, routing } = stage;
  const nameless = { agentName: null, team: null };
  const offerId = `${callId} to ${agentId}`;
  const expiresAt = at + seconds(routing.rules.ringSeconds);
  tellCall(stage, callId, { type: 'OfferCall', at, callId, offerId, agentId, ...nameless, expiresAt });
  assign(stage, callId, agentId);
};

/** Gives the call to whoever the router names: theirs to answer, or theirs by turn although they are not there. */
const take = (stage: Stage, callId: string, state: Call, { chosen, noAgent }: Route) => {
  if (chosen === null) return;
  if (noAgent === null) {
    if (mayRing(state, stage.now)) reserve(stage, callId, chosen);
    return;
  }
  tellAgent(stage, chosen, { type: 'MissTurn', at: stage.now, agentId: chosen, callId });
  assign(stage, callId, chosen);
};

/** Finds an agent for a call and offers it; with nobody left it waits or is missed. Answers whether it waits. */
const offerCall = (stage: Stage, callId: string): boolean => {
  const state = stage.calls.get(callId);
  if (!state || (state.routed && !isWaiting(state))) return false;
  const at = stage.now;
  const route = ask(stage, callId, state);
  take(stage, callId, state, route);
  const decision = decisionOf(state, route, stage.routing);
  if (decision)
    tellCall(stage, callId, { type: 'RouteCall', at, callId, ticketId: ticketIdOf(stage, callId), ...decision });
  const routed = stage.calls.get(callId);
  if (!routed || !isWaiting(routed) || route.waits !== null) return routed !== undefined && isWaiting(routed);
  if (route.chosen !== null && route.noAgent === null) offer(stage, callId, route.chosen);
  else tellCall(stage, callId, { type: 'MissCall', at, callId, ...missOf(routed, route) });
  return false;
};

/** Finds an agent for a call, after those that called before it. */
export const hand = (stage: Stage, callId: string) => {
  if (hasQueue(stage.routing.rules) || offerCall(stage, callId)) enter(stage, callId);
};

/** Offers the calls that wait to whoever is free, the oldest first. */
export const serve = (stage: Stage) => {
  while (stage.mayBeFree && stage.line.length > 0) {
    stage.mayBeFree = false;
    for (const callId of [...stage.line]) if (!offerCall(stage, callId)) leave(stage, callId);
  }
};

/** Sets an agent free of a call; nothing happens when they do not hold it. */
export const release = (stage: Stage, callId: string, agentId: string, because: Named<'AgentReleased'>['because']) =>
  tellAgent(stage, agentId, { type: 'ReleaseAgent', at: stage.now, agentId, callId, because });
