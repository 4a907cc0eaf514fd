import { agent } from '../../domain/agent.ts';
import { call, mayRing } from '../../domain/call.ts';
import type { MissReason } from '../../domain/call-events.ts';
import { type Call, isWaiting } from '../../domain/call-state.ts';
import { capacityOf } from '../../domain/capacity.ts';
import { channel, incomingMissReason } from '../../domain/channel.ts';
import { isRefusal } from '../../domain/decider.ts';
import { type Colleague, type Route, routeCall } from '../../domain/route-call.ts';
import { type Routing, routing } from '../../domain/routing.ts';
import { ticket } from '../../domain/ticket.ts';
import { seconds } from '../../domain/time.ts';
import type { Recorded } from '../../store/event-log.ts';
import { uuidFrom } from '../../store/ids.ts';
import { agentKey } from '../belongings.ts';
import type { WriteSide } from '../write-side.ts';
import { accepted, causedBy } from './reaction.ts';

type Choice = Route & { readonly colleague: Colleague | null };

/** Why a call that was offered to everybody is missed. */
const reasonAfter = ({ offers }: Call, noAgent: MissReason): MissReason => {
  if (offers.some(({ state }) => state === 'declined')) return 'all_declined';
  return offers.some(({ state }) => state === 'not_acknowledged') ? 'agent_socket_lost' : noAgent;
};

const already = (colleague: Colleague): Choice => {
  const { agentId } = colleague;
  const candidates = [{ agentId, passedOver: null }];
  return { candidates, chosen: agentId, journeyId: null, waits: null, noAgent: null, colleague };
};

/**
 * Finds an agent for an incoming call, reserves them and offers it; with nobody left the call waits or is missed.
 * The reservation comes before the decision is recorded, so the recorded decision is what was done. Resolves with
 * whether the call waits.
 */
export const offerCall = async (w: WriteSide, callId: string, ticketId: string, cause: Recorded): Promise<boolean> => {
  const { store } = cause.metadata;
  const because = (step: string) => causedBy(cause, step);

  const choose = async (state: Call, known: Routing, refusedBy: readonly string[]): Promise<Choice> => {
    const { rules, journeys } = known;
    const roster = await Promise.all(
      known.roster.map(async ({ agentId }) => ({ agentId, state: await w.stateOf(agent, agentKey(store, agentId)) })),
    );
    const tried = [...refusedBy, ...state.offers.map(({ agentId }) => agentId)];
    const held = roster.find((one) => one.state.call?.callId === callId && !tried.includes(one.agentId));
    if (held) return already(held);
    const { startedAt, tags, parties, person } = state;
    const channelMiss = incomingMissReason(await w.stateOf(channel, parties.channelId), startedAt);
    const asked = { startedAt, tags, channelId: parties.channelId, waId: person.waId };
    const route = routeCall({ at: w.now(), channelMiss, rules, journeys, call: asked, ticketId, roster, tried });
    return { ...route, colleague: roster.find(({ agentId }) => agentId === route.chosen) ?? null };
  };

  /** Holds the agent for the call; `false` when they cannot be held any more. */
  const reserve = async ({ agentId, state: { profile } }: Colleague, { rules }: Routing): Promise<boolean> => {
    const limited = rules.mode === 'load_balancer' && profile !== null;
    const capacity = limited ? capacityOf(profile, rules.capacity) : null;
    const reservation = { agentId, callId, ticketId, direction: 'incoming', fence: null, capacity } as const;
    const reserved = await w.transact(
      agent,
      agentKey(store, agentId),
      { type: 'ReserveAgent', at: w.now(), ...reservation },
      because(`reserve ${agentId} for ${callId}`),
    );
    return !isRefusal(reserved);
  };

  /** The first agent in turn who could really be reserved, or whose the call is although they cannot. */
  const settle = async (state: Call, known: Routing): Promise<Choice> => {
    const refusedBy: string[] = [];
    for (;;) {
      const choice = await choose(state, known, refusedBy);
      const { colleague, noAgent } = choice;
      if (!colleague || noAgent !== null || !mayRing(state) || (await reserve(colleague, known))) return choice;
      refusedBy.push(colleague.agentId);
    }
  };

  const assign = (agentId: string) => {
    const assigned = { type: 'AssignByCall', at: w.now(), callId, agentId, because: 'routed' } as const;
    return w.transact(ticket, ticketId, assigned, because(`assign ${agentId}`));
  };

  /** The call was theirs by turn, and they are not there: the ticket is theirs for follow-up. */
  const missTurn = async (agentId: string) => {
    const missed = { type: 'MissTurn', at: w.now(), agentId, callId } as const;
    await w.transact(agent, agentKey(store, agentId), missed, because(`turn of ${agentId} at ${callId}`));
    await assign(agentId);
  };

  const route = async (
    { candidates, chosen, journeyId, waits, noAgent }: Choice,
    { startedAt, queue }: Call,
    { rules, ruleVersion }: Routing,
  ) => {
    const at = w.now();
    const queued = waits && { because: waits, until: queue?.until ?? startedAt + seconds(rules.queueSeconds) };
    const decided = { mode: rules.mode, ruleVersion, candidates, chosen, journeyId, noAgent, queued };
    const command = { type: 'RouteCall', at, callId, ticketId, ...decided } as const;
    return accepted(await w.transact(call, callId, command, because('route'))).state;
  };

  const offer = async (state: Call, { agentId, state: { profile } }: Colleague, { rules }: Routing) => {
    const at = w.now();
    const offered = await w.transact(
      call,
      callId,
      {
        type: 'OfferCall',
        at,
        callId,
        offerId: uuidFrom('offer', callId, agentId, String(state.offers.length)),
        agentId,
        agentName: profile?.name ?? null,
        team: profile?.teams[0] ?? null,
        expiresAt: at + seconds(rules.ringSeconds),
      },
      because(`offer ${agentId}`),
    );
    if (isRefusal(offered)) await releaseAgent(w, cause, callId, agentId, 'withdrawn');
    else await assign(agentId);
  };

  const miss = (state: Call, { chosen, noAgent }: Choice) => {
    const missed = { type: 'MissCall', at: w.now(), callId } as const;
    const whose =
      chosen !== null && noAgent !== null
        ? { reason: noAgent, agentId: chosen }
        : { reason: reasonAfter(state, noAgent ?? 'no_agent_available') };
    return w.transact(call, callId, { ...missed, ...whose }, because('miss'));
  };

  const state = await w.stateOf(call, callId);
  if (state.routed && !isWaiting(state)) return false;
  const known = await w.stateOf(routing, store);
  const choice = await settle(state, known);
  const { colleague, noAgent, waits } = choice;
  if (colleague && noAgent !== null) await missTurn(colleague.agentId);
  const isDecision = !state.routed || waits !== null || state.queue !== null;
  const routed = isDecision ? await route(choice, state, known) : state;
  if (!isWaiting(routed) || waits !== null) {
    if (colleague && noAgent === null) await releaseAgent(w, cause, callId, colleague.agentId, 'withdrawn');
    return isWaiting(routed);
  }
  if (colleague && noAgent === null) await offer(routed, colleague, known);
  else await miss(routed, choice);
  return false;
};

/** Sets an agent free of a call; nothing happens when they do not hold it. */
export const releaseAgent = async (
  w: WriteSide,
  cause: Recorded,
  callId: string,
  agentId: string,
  because: 'ended' | 'declined' | 'timed_out' | 'not_acknowledged' | 'withdrawn',
) => {
  await w.transact(
    agent,
    agentKey(cause.metadata.store, agentId),
    { type: 'ReleaseAgent', at: w.now(), agentId, callId, because },
    causedBy(cause, `release ${agentId} of ${callId}`),
  );
};
