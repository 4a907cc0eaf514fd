import type { Db } from 'mongodb';
import { routing as decider } from '../domain/routing.ts';
import { presentRow } from '../http/present.ts';
import { type Route, readers, route } from '../http/route.ts';
import { channels } from '../projections/channels.ts';
import { channelsListing } from '../projections/filters/channels.ts';
import { journeysListing } from '../projections/filters/journeys.ts';
import { journeys } from '../projections/journeys.ts';
import { readModel } from '../projections/reader.ts';
import { routing, routingView } from '../projections/routing.ts';
import { answerAt } from './answer.ts';
import { listRoute } from './list.ts';
import { minPosition, reflectedPosition } from './position.ts';

const channelColumns = {
  channelId: 'channelId',
  name: 'name',
  displayPhoneNumber: 'displayPhoneNumber',
  wabaId: 'wabaId',
  callingEnabled: 'calling.enabled',
  incomingEnabled: 'calling.userInitiated.enabled',
  callbackRequestsEnabled: 'calling.callbackRequests.enabled',
};

const journeyColumns = {
  journeyId: 'journeyId',
  name: 'name',
  priority: 'priority',
  team: 'route.team',
  agent: 'route.agent',
};

/** Which numbers a store has, and how its calls are handed out. */
export const storeRoutes = (db: Db): readonly Route[] => {
  const rules = readModel(db, routing);

  return [
    listRoute({
      path: '/v1/channels',
      summary: 'The WhatsApp numbers, with what calling them allows and when',
      model: readModel(db, channels),
      listing: channelsListing,
      columns: channelColumns,
    }),

    listRoute({
      path: '/v1/journeys',
      summary: 'The journeys, in the order in which they are asked',
      model: readModel(db, journeys),
      listing: journeysListing,
      columns: journeyColumns,
    }),

    route({
      method: 'get',
      path: '/v1/routing',
      summary: 'How incoming calls are handed out',
      roles: readers,
      query: minPosition,
      handle: async (request) => {
        const {
          caller: { store },
          query,
          signal,
        } = request;
        const position = await reflectedPosition([rules], query.minPosition, signal);
        const found = await rules.get(store, store);
        return answerAt(request, position, found ? presentRow(found) : routingView(decider.initial));
      },
    }),
  ];
};
