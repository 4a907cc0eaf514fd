import { listing } from './listing.ts';

/** The orders of the channels. */
export const channelsListing = listing({}, { name: 'doc.name' }, 'name');
