import { by, equal, listing } from './listing.ts';
import { Flag, Moment } from './parameters.ts';

/** The filters of an agent's availability: the spells that lie in a span at least in part. */
export const availabilityListing = listing(
  {
    active: equal('doc.active', Flag),
    from: by(Moment, (at) => ({ $or: [{ 'doc.until': null }, { 'doc.until': { $gt: at } }] })),
    to: by(Moment, (at) => ({ 'doc.from': { $lt: at } })),
  },
  { from: 'doc.from' },
  '-from',
);
