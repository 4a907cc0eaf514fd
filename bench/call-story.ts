import { call } from '../domain/call.ts';
import { type Decider, fold, isRefusal } from '../domain/decider.ts';
import { ticket } from '../domain/ticket.ts';
import { minutes, seconds } from '../domain/time.ts';

const monday = Date.UTC(2026, 0, 5, 9);

/** What an aggregate records of these commands. */
export const history = <C, E, S>(decider: Decider<C, E, S>, commands: readonly C[]): readonly E[] => {
  let state = decider.initial;
  return commands.flatMap((command) => {
    const decision = decider.decide(state, command);
    if (isRefusal(decision)) throw new Error(`the story of this benchmark is refused: ${decision.refused}`);
    state = fold(decider, state, decision);
    return decision;
  });
};

/** One answered call of one of 200 customers, and its ticket: what both streams hold. */
export const callStory = (n: number) => {
  const callId = `call_${n}`;
  const ticketId = `ticket_${n}`;
  const at = monday + n * seconds(10);
  const pair = { channelId: '106540352242922', customerId: `cus_bench${n % 200}` };
  const person = { waId: `9198${n % 200}`, customerName: 'Asha Rao' };
  const place = { callId, ...pair, channelName: 'Support', metaCallId: `wacid.${n}` };
  const agentId = `agent_${n % 10}`;
  const offerId = `offer_${n}`;
  const staff = { agentId, agentName: 'Ravi', team: 'voice' };
  const unsaid = { ctaPayload: null, deeplinkPayload: null };
  const route = { mode: 'round_robin', ruleVersion: 1, candidates: [], chosen: agentId, noAgent: null };
  const timing = { connectedAt: at + seconds(9), disconnectedAt: at + minutes(3), durationSeconds: 171 };
  const ids = { ticketId, ...pair };
  const linked = { callId, direction: 'incoming' as const, agentId };
  const status = { status: 'completed' as const, subStatus: null, missReason: null };

  const onCall = history(call, [
    { type: 'ReceiveCall', at, receivedAt: at, ...place, ...person, sdpOffer: 'v=0 '.repeat(250), ...unsaid },
    { type: 'RouteCall', at, callId, ticketId, ...route },
    { type: 'OfferCall', at, callId, offerId, ...staff, expiresAt: at + seconds(30) },
    { type: 'AcknowledgeOffer', at, callId, offerId, agentId },
    { type: 'AnswerCall', at: at + seconds(8), callId, agentId },
    { type: 'ConfirmAnswer', at: at + seconds(9), callId, agentId },
    {
      type: 'TerminateIncoming',
      at: at + minutes(3),
      callId,
      seen: { ...place, ...person, receivedAt: at, ...unsaid },
      ...timing,
      failed: false,
      metaErrorCode: null,
    },
  ]);
  const onTicket = history(ticket, [
    { type: 'OpenTicket', at, ...ids, channelName: 'Support', ...person, because: 'incoming_call', callId },
    { type: 'LinkCall', at, ...ids, ...linked },
    { type: 'AssignByCall', at, callId, agentId, because: 'routed' },
    { type: 'RecordCallAnswered', at: at + seconds(9), callId, agentId },
    { type: 'RecordCallEnded', at: at + minutes(3), ticketId, ...linked, ...status },
  ]);
  return { callId, ticketId, onCall, onTicket };
};
