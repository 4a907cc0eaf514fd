import { equal, listing } from './listing.ts';
import { Id } from './parameters.ts';

/** The journeys, in the order in which they are asked. */
export const journeysListing = listing(
  { team: equal('doc.route.team', Id), agent: equal('doc.route.agent', Id) },
  { priority: 'doc.priority' },
  'priority',
);
