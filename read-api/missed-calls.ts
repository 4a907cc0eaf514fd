import type { Db } from 'mongodb';
import type { Route } from '../http/route.ts';
import { missedCallsListing } from '../projections/filters/missed-calls.ts';
import { missedCalls } from '../projections/missed-calls.ts';
import { readModel } from '../projections/reader.ts';
import { listRoute } from './list.ts';

const columns = {
  channelId: 'channelId',
  channelName: 'channelName',
  customerId: 'customer.customerId',
  customerNumber: 'customer.waId',
  customerName: 'customer.name',
  count: 'count',
  firstAt: 'firstAt',
  lastAt: 'lastAt',
  reasons: 'reasons',
  state: 'state',
  ticketId: 'ticketId',
  assignedAgentId: 'assignee.agentId',
  assignedTeamId: 'assignee.teamId',
};

/** The missed-calls tab. `badge` is how many customers of the filtered list wait, on whichever page they are. */
export const missedCallRoutes = (db: Db): readonly Route[] => {
  const model = readModel(db, missedCalls);
  return [
    listRoute({
      path: '/v1/missed-calls',
      summary: 'The customers whose calls were missed and who wait to be called back, last miss first',
      model,
      listing: missedCallsListing,
      columns,
      summarise: async (store, filter) => ({ badge: await model.count(store, filter) }),
    }),
  ];
};
