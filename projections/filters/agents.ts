import { equal, listing } from './listing.ts';
import { Flag, Id } from './parameters.ts';

/** The filters of the staff. */
export const agentsListing = listing(
  { active: equal('doc.active', Flag), team: equal('doc.teams', Id) },
  { agentId: 'doc.agentId' },
  'agentId',
);
