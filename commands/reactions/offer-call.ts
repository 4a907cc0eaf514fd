import { agent } from '../../domain/agent.ts';
import { call, mayRing } from '../../domain/call.ts';
import type { Candidate, MissReason } from '../../domain/call-events.ts';
import { answering, type Call, ringing } from '../../domain/call-state.ts';
import { channel, incomingMissReason } from '../../domain/channel.ts';
import { isRefusal } from '../../domain/decider.ts';
import { type Colleague, routeCall } from '../../domain/route-call.ts';
import { routing } from '../../domain/routing.ts';
import { ticket } from '../../domain/ticket.ts';
import { seconds } from '../../domain/time.ts';
import type { Recorded } from '../../store/event-log.ts';
import { uuidFrom } from '../../store/ids.ts';
import { agentKey } from '../belongings.ts';
import type { WriteSide } from '../write-side.ts';
import { accepted, causedBy } from './reaction.ts';

type Choice = {
  readonly candidates: Candidate[];
  readonly chosen: Colleague | null;
  readonly noAgent: MissReason | null;
};

const isWaiting = (s: Call) => mayRing(s) && !ringing(s) && !answering(s) && s.answeredAt === null;

/** Why a call that was offered to everybody is missed. */
const reasonAfter = ({ offers }: Call, noAgent: MissReason): MissReason => {
  if (offers.some(({ state }) => state === 'declined')) return 'all_declined';
  return offers.some(({ state }) => state === 'not_acknowledged') ? 'agent_socket_lost' : noAgent;
};

/**
 * Finds an agent for an incoming call, reserves them and offers it; with nobody left the call is missed.
 * The reservation comes before the decision is recorded, so the recorded decision is what was done.
 */
export const offerCall = (w: WriteSide, callId: string, ticketId: string, cause: Recorded) => {
  const { store } = cause.metadata;
  const because = (step: string) => causedBy(cause, step);

  const choose = async (state: Call, refusedBy: readonly string[]): Promise<Choice> => {
    const { rules, roster } = await w.stateOf(routing, store);
    const colleagues = await Promise.all(
      roster.map(async ({ agentId }) => ({ agentId, state: await w.stateOf(agent, agentKey(store, agentId)) })),
    );
    const tried = [...refusedBy, ...state.offers.map(({ agentId }) => agentId)];
    const held = colleagues.find((one) => one.state.call?.callId === callId && !tried.includes(one.agentId));
    if (held) return { candidates: [{ agentId: held.agentId, passedOver: null }], chosen: held, noAgent: null };
    const channelMiss = incomingMissReason(await w.stateOf(channel, state.parties.channelId), state.startedAt);
    const route = routeCall({ at: w.now(), channelMiss, mode: rules.mode, roster: colleagues, tried });
    return { ...route, chosen: colleagues.find(({ agentId }) => agentId === route.chosen) ?? null };
  };

  /** The first agent in turn who could really be reserved. */
  const reserve = async (state: Call): Promise<Choice> => {
    const refusedBy: string[] = [];
    for (;;) {
      const choice = await choose(state, refusedBy);
      if (!choice.chosen || !mayRing(state)) return choice;
      const { agentId } = choice.chosen;
      const reserved = await w.transact(
        agent,
        agentKey(store, agentId),
        { type: 'ReserveAgent', at: w.now(), agentId, callId, direction: 'incoming', fence: null },
        because(`reserve ${agentId}`),
      );
      if (!isRefusal(reserved)) return choice;
      refusedBy.push(agentId);
    }
  };

  const route = async (choice: Choice) => {
    const { rules, ruleVersion } = await w.stateOf(routing, store);
    const routed = await w.transact(
      call,
      callId,
      {
        type: 'RouteCall',
        at: w.now(),
        callId,
        ticketId,
        mode: rules.mode,
        ruleVersion,
        candidates: choice.candidates,
        chosen: choice.chosen?.agentId ?? null,
        noAgent: choice.noAgent,
      },
      because('route'),
    );
    return accepted(routed).state;
  };

  const offer = async (state: Call, { agentId, state: colleague }: Colleague) => {
    const { rules } = await w.stateOf(routing, store);
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
        agentName: colleague.profile?.name ?? null,
        team: colleague.profile?.teams[0] ?? null,
        expiresAt: at + seconds(rules.ringSeconds),
      },
      because(`offer ${agentId}`),
    );
    if (isRefusal(offered)) return releaseAgent(w, cause, callId, agentId, 'withdrawn');
    await w.transact(
      ticket,
      ticketId,
      { type: 'AssignByCall', at, callId, agentId, because: 'routed' },
      because('assign'),
    );
  };

  return async () => {
    const state = await w.stateOf(call, callId);
    if (state.routed && !isWaiting(state)) return;
    const choice = await reserve(state);
    const routed = state.routed ? state : await route(choice);
    if (choice.chosen && isWaiting(routed)) return offer(routed, choice.chosen);
    if (choice.chosen) return releaseAgent(w, cause, callId, choice.chosen.agentId, 'withdrawn');
    const reason = reasonAfter(routed, choice.noAgent ?? 'no_agent_available');
    await w.transact(call, callId, { type: 'MissCall', at: w.now(), callId, reason }, because('miss'));
  };
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
    causedBy(cause, `release ${agentId}`),
  );
};
