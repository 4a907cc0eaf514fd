import { agent } from '../../domain/agent.ts';
import { call } from '../../domain/call.ts';
import { type Call, isWaiting } from '../../domain/call-state.ts';
import { isRefusal } from '../../domain/decider.ts';
import { decisionOf, missOf, staffOf } from '../../domain/hand-out.ts';
import { type Routing, routing } from '../../domain/routing.ts';
import { ticket } from '../../domain/ticket.ts';
import { seconds } from '../../domain/time.ts';
import type { Recorded } from '../../store/event-log.ts';
import { uuidFrom } from '../../store/ids.ts';
import { agentKey } from '../belongings.ts';
import { releaseAgent } from '../release-agent.ts';
import type { WriteSide } from '../write-side.ts';
import { type Choice, type Crew, findAgent } from './find-agent.ts';
import { accepted, becauseOf } from './reaction.ts';

/**
 * Finds an agent for an incoming call, reserves them and offers it; with nobody left the call waits or is missed.
 * The reservation comes before the decision is recorded, so the recorded decision is what was done. Resolves with
 * whether the call waits.
 */
export const offerCall = async (
  w: WriteSide,
  { callId, ticketId, crew }: { callId: string; ticketId: string; crew: Crew },
  cause: Recorded,
): Promise<boolean> => {
  const { store } = cause.metadata;
  const because = becauseOf(cause);

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

  const route = async (choice: Choice, state: Call, known: Routing) => {
    const decision = decisionOf(state, choice, known);
    if (decision === null) return state;
    const staff = staffOf(choice, known);
    const command = { type: 'RouteCall', at: w.now(), callId, ticketId, ...decision, staff } as const;
    return accepted(await w.transact(call, callId, command, because('route'))).state;
  };

  const offer = async (state: Call, choice: Choice, agentId: string, known: Routing) => {
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
        ...staffOf(choice, known),
        expiresAt: at + seconds(known.rules.ringSeconds),
      },
      because(`offer ${agentId}`),
    );
    if (isRefusal(offered)) await releaseAgent(w, { callId, agentId, why: 'withdrawn' }, because);
    else await assign(agentId);
  };

  const miss = (state: Call, choice: Choice, known: Routing) => {
    const staff = staffOf(choice, known);
    const missed = { type: 'MissCall', at: w.now(), callId, ...missOf(state, choice), staff } as const;
    return w.transact(call, callId, missed, because('miss'));
  };

  const state = await w.stateOf(call, callId);
  if (state.routed && !isWaiting(state)) return false;
  const known = await w.stateOf(routing, store);
  const choice = await findAgent(w, { callId, ticketId, state, known, crew }, cause);
  const { colleague, noAgent, waits } = choice;
  if (colleague && noAgent !== null) await missTurn(colleague.agentId);
  const routed = await route(choice, state, known);
  if (!isWaiting(routed) || waits !== null) {
    if (colleague && noAgent === null)
      await releaseAgent(w, { callId, agentId: colleague.agentId, why: 'withdrawn' }, because);
    return isWaiting(routed);
  }
  if (colleague && noAgent === null) await offer(routed, choice, colleague.agentId, known);
  else await miss(routed, choice, known);
  return false;
};
