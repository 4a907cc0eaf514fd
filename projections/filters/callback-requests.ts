import { z } from 'zod';
import { by, equal, listing } from './listing.ts';
import { CustomerName, Id, ofCustomer, repeated } from './parameters.ts';

const State = z.enum(['requested', 'claimed', 'fulfilled', 'expired', 'closed']);

/** The filters of the callback requests. */
export const callbackRequestsListing = listing(
  {
    state: by(repeated(State), (any) => ({ 'doc.state': { $in: any } })),
    channel: equal('doc.channelId', Id),
    claimedBy: equal('doc.claimedBy', Id),
    customer: by(CustomerName, ofCustomer('doc.customer')),
  },
  {
    requestedAt: 'doc.requestedAt',
    expiresAt: 'doc.expiresAt',
  },
  'requestedAt',
);
