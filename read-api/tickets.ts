import type { Db } from 'mongodb';
import { z } from 'zod';
import { presentRow } from '../http/present.ts';
import { notFound } from '../http/problem.ts';
import { type Route, readers, route } from '../http/route.ts';
import { activities } from '../projections/activities.ts';
import { activitiesListing } from '../projections/filters/activities.ts';
import { ticketsListing } from '../projections/filters/tickets.ts';
import { readModel } from '../projections/reader.ts';
import { tickets } from '../projections/tickets.ts';
import { answerAt } from './answer.ts';
import { listRoute } from './list.ts';
import { minPosition, reflectedPosition } from './position.ts';

const columns = {
  ticketId: 'ticketId',
  status: 'status',
  channelId: 'channelId',
  channelName: 'channelName',
  customerId: 'customer.customerId',
  customerNumber: 'customer.waId',
  customerName: 'customer.name',
  assignedAgentId: 'assignee.agentId',
  assignedTeamId: 'assignee.teamId',
  callTypes: 'callTypes',
  markers: 'markers',
  openedAt: 'openedAt',
  firstResponseAt: 'firstResponse.at',
  resolvedAt: 'resolvedAt',
  lastActivityAt: 'lastActivityAt',
};

const activityColumns = {
  activityId: 'activityId',
  at: 'at',
  type: 'type',
  actorType: 'actor.type',
  actorId: 'actor.id',
};

/** The tickets, one of them, and its history. */
export const ticketRoutes = (db: Db): readonly Route[] => {
  const model = readModel(db, tickets);
  const history = readModel(db, activities);

  return [
    listRoute({
      path: '/v1/tickets',
      summary: 'The tickets, latest activity first',
      model,
      listing: ticketsListing,
      columns,
    }),

    route({
      method: 'get',
      path: '/v1/tickets/:ticketId',
      summary: 'One ticket with its calls',
      roles: readers,
      params: { ticketId: z.string().min(1) },
      query: minPosition,
      handle: async (request) => {
        const { caller, params, query, signal } = request;
        const position = await reflectedPosition([model], query.minPosition, signal);
        const found = await model.get(caller.store, params.ticketId);
        if (!found) throw notFound('ticket');
        return answerAt(request, position, presentRow(found));
      },
    }),

    listRoute({
      path: '/v1/tickets/:ticketId/activities',
      summary: 'The history of one ticket, oldest first',
      model: history,
      listing: activitiesListing,
      columns: activityColumns,
      params: { ticketId: z.string().min(1) },
      within: async (store, { ticketId = '' }) => {
        if ((await history.count(store, { 'doc.ticketId': ticketId })) === 0) throw notFound('ticket');
        return { 'doc.ticketId': ticketId };
      },
    }),
  ];
};
