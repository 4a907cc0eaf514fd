import { z } from 'zod';
import { equal, listing } from './listing.ts';
import { Id } from './parameters.ts';

/** The filters of the missed calls. */
export const missedCallsListing = listing(
  {
    channel: equal('doc.channelId', Id),
    assignee: equal('doc.assignee.agentId', Id),
    state: equal('doc.state', z.enum(['pending', 'being_called'])),
  },
  {
    lastAt: 'doc.lastAt',
    firstAt: 'doc.firstAt',
  },
  '-lastAt',
  // who waits for nothing rests in the same collection: without this, counting would look at everybody who ever called
  [{ 'doc.lastAt': { $gt: 0 } }],
);
