import { listing } from './listing.ts';

/** The orders of a ticket's history: that of the log. */
export const activitiesListing = listing({}, { position: 'at' }, 'position');
