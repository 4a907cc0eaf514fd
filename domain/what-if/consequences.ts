import { mayFreeSomebody } from '../hand-out.ts';
import type { DomainEvent, Named } from '../index.ts';
import { actNow } from './deeds.ts';
import { hand, release } from './desk.ts';
import { leave } from './line.ts';
import { losePage, ring, talk } from './people.ts';
import { type Stage, tellCall, tellTicket, ticketIdOf } from './stage.ts';

const freeing: ReadonlySet<string> = new Set(mayFreeSomebody);

const received = (stage: Stage, { at, callId, channelId, customerId }: Named<'CallReceived'>) => {
  const ticketId = ticketIdOf(stage, callId);
  const ids = { ticketId, channelId, customerId };
  const unsaid = { channelName: '', waId: null, customerName: null, because: 'incoming_call', callId } as const;
  tellTicket(stage, ticketId, { type: 'OpenTicket', at, ...ids, ...unsaid });
  tellTicket(stage, ticketId, { type: 'LinkCall', at, ...ids, callId, direction: 'incoming', agentId: null });
  hand(stage, callId);
};

const queued = (stage: Stage, { callId, queued }: Named<'CallRouted'>) => {
  if (queued === null) return;
  const at = queued.until;
  stage.agenda.add(at, () => tellCall(stage, callId, { type: 'TimeOutQueue', at, callId }));
};

const passOn = (
  stage: Stage,
  { callId, agentId }: Named<'OfferDeclined' | 'OfferNotAcknowledged'>,
  because: 'declined' | 'not_acknowledged',
) => {
  release(stage, callId, agentId, because);
  hand(stage, callId);
};

const timedOut = (stage: Stage, { callId, agentId }: Named<'OfferTimedOut'>) => {
  release(stage, callId, agentId, 'timed_out');
  tellCall(stage, callId, { type: 'MissCall', at: stage.now, callId, reason: 'agent_did_not_answer' });
};

const answered = (stage: Stage, event: Named<'CallAnswered'>) => {
  const { at, callId, agentId } = event;
  tellTicket(stage, ticketIdOf(stage, callId), { type: 'RecordCallAnswered', at, callId, agentId });
  talk(stage, event);
};

const concluded = (stage: Stage, event: Named<'CallConcluded'>) => {
  const { endedAt: at, callId, direction, agentId, status, subStatus, missReason } = event;
  const ticketId = ticketIdOf(stage, callId);
  const ended = { at, ticketId, callId, direction, agentId, status, subStatus, missReason };
  tellTicket(stage, ticketId, { type: 'RecordCallEnded', ...ended });
  const offers = stage.calls.get(callId)?.offers ?? [];
  for (const one of new Set(offers.map((offer) => offer.agentId))) release(stage, callId, one, 'ended');
  stage.calls.delete(callId);
  stage.arrivals.delete(callId);
  actNow(stage, ticketId);
};

/** What follows from an event, as the process managers have it. */
export const follow = (stage: Stage, event: DomainEvent) => {
  switch (event.type) {
    case 'CallReceived':
      return received(stage, event);
    case 'CallRouted':
      return queued(stage, event);
    case 'CallOffered':
      return ring(stage, event);
    case 'OfferDeclined':
      return passOn(stage, event, 'declined');
    case 'OfferNotAcknowledged':
      return passOn(stage, event, 'not_acknowledged');
    case 'OfferTimedOut':
      return timedOut(stage, event);
    case 'CallAnswered':
      return answered(stage, event);
    case 'CallMissed':
      return leave(stage, event.callId);
    case 'CallConcluded':
      return concluded(stage, event);
    case 'CallSocketClosed':
      return losePage(stage, event);
    default:
      stage.mayBeFree ||= freeing.has(event.type);
  }
};
