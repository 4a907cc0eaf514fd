import type { Db } from 'mongodb';
import type { Route } from '../http/route.ts';
import { callbackRequests } from '../projections/callback-requests.ts';
import { callbackRequestsListing } from '../projections/filters/callback-requests.ts';
import { readModel } from '../projections/reader.ts';
import { listRoute } from './list.ts';

const columns = {
  id: 'id',
  state: 'state',
  channelId: 'channelId',
  channelName: 'channelName',
  customerId: 'customer.customerId',
  customerNumber: 'customer.waId',
  customerName: 'customer.name',
  ticketId: 'ticketId',
  callId: 'callId',
  because: 'because',
  requestedAt: 'requestedAt',
  lastRequestedAt: 'lastRequestedAt',
  count: 'count',
  claimedBy: 'claimedBy',
  claimedAt: 'claimedAt',
  expiresAt: 'expiresAt',
  closedAt: 'closedAt',
  closedBecause: 'closedBecause',
  fulfilledByCallId: 'fulfilledBy.callId',
  fulfilledByAgentId: 'fulfilledBy.agentId',
};

/** The callback requests, those that are over included. */
export const callbackRequestRoutes = (db: Db): readonly Route[] => [
  listRoute({
    path: '/v1/callback-requests',
    summary: 'The customers who asked to be called back, whoever has waited longest first',
    model: readModel(db, callbackRequests),
    listing: callbackRequestsListing,
    columns,
  }),
];
