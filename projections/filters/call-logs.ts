import { z } from 'zod';
import { Direction } from '../../domain/agent.ts';
import { CallStatus, MissReason } from '../../domain/call-events.ts';
import { by, equal, type Filter, listing } from './listing.ts';
import { CustomerName, customerMatches, Id, Moment, ofCustomer, repeated, SearchText, Seconds } from './parameters.ts';

/** Direction and status in one word, as the ticket filter of the product names them. */
export const CallType = z.enum([
  'incoming.ongoing',
  'incoming.completed',
  'incoming.missed',
  'incoming.disconnected',
  'outgoing.ongoing',
  'outgoing.completed',
  'outgoing.disconnected',
  'outgoing.unanswered',
]);

const hasStatus = (wanted: string): Filter => {
  const [first, status] = wanted.split('.');
  return status ? { 'doc.direction': first, 'doc.status': status } : { 'doc.status': first };
};

// an $or of one would keep MongoDB from the index on the status
const anyStatus = ([first, ...others]: readonly string[]): Filter =>
  others.length === 0 ? hasStatus(first!) : { $or: [first!, ...others].map(hasStatus) };

/** The filters of the call logs. */
export const callLogsListing = listing(
  {
    direction: equal('doc.direction', Direction),
    status: by(repeated(z.enum([...CallStatus.options, ...CallType.options])), anyStatus),
    channel: equal('doc.channelId', Id),
    agent: equal('doc.agentId', Id),
    team: equal('doc.team', Id),
    customer: by(CustomerName, ofCustomer('doc.customer')),
    ticket: equal('doc.ticketId', Id),
    from: by(Moment, (at) => ({ 'doc.startedAt': { $gte: at } })),
    to: by(Moment, (at) => ({ 'doc.startedAt': { $lt: at } })),
    minDuration: by(Seconds, (seconds) => ({ 'doc.talkSeconds': { $gte: seconds } })),
    maxDuration: by(Seconds, (seconds) => ({ 'doc.talkSeconds': { $lte: seconds } })),
    missReason: by(repeated(MissReason), (any) => ({ 'doc.missReason': { $in: any } })),
    metaCallId: equal('doc.metaCallId', Id),
    q: by(SearchText, customerMatches('doc.customer')),
  },
  {
    startedAt: 'doc.startedAt',
    talkSeconds: 'doc.talkSeconds',
  },
  '-startedAt',
);
