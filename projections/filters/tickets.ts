import { z } from 'zod';
import { CallType } from './call-logs.ts';
import { by, equal, listing } from './listing.ts';
import { customerMatches, Flag, Id, repeated, SearchText } from './parameters.ts';

const unassigned = { 'doc.assignee.agentId': null, 'doc.assignee.teamId': null };
const assigned = { $or: [{ 'doc.assignee.agentId': { $ne: null } }, { 'doc.assignee.teamId': { $ne: null } }] };

/** The filters of the tickets. */
export const ticketsListing = listing(
  {
    status: equal('doc.status', z.enum(['open', 'resolved'])),
    assignee: equal('doc.assignee.agentId', Id),
    team: equal('doc.assignee.teamId', Id),
    unassigned: by(Flag, (yes) => (yes ? unassigned : assigned)),
    callChannel: equal('doc.callChannels', Id),
    callType: by(repeated(CallType), (any) => ({ 'doc.callTypes': { $in: any } })),
    marker: equal('doc.markers', z.enum(['in_call', 'missed_call'])),
    q: by(SearchText, customerMatches('doc.customer')),
  },
  {
    lastActivityAt: 'doc.lastActivityAt',
    openedAt: 'doc.openedAt',
  },
  '-lastActivityAt',
);
