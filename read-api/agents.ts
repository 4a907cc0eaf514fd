import type { Db } from 'mongodb';
import { z } from 'zod';
import { notFound } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import { agents } from '../projections/agents.ts';
import { availability, spellKey } from '../projections/availability.ts';
import { agentsListing } from '../projections/filters/agents.ts';
import { availabilityListing } from '../projections/filters/availability.ts';
import { readModel } from '../projections/reader.ts';
import { listRoute } from './list.ts';

const agentColumns = {
  agentId: 'agentId',
  name: 'name',
  email: 'email',
  role: 'role',
  teams: 'teams',
  active: 'active',
  callId: 'call.callId',
};

const availabilityColumns = {
  agentId: 'agentId',
  from: 'from',
  until: 'until',
  active: 'active',
  reason: 'reason',
  actorType: 'actor.type',
  actorId: 'actor.id',
};

/** Who works in a store, and when they took calls. */
export const agentRoutes = (db: Db): readonly Route[] => {
  const spells = readModel(db, availability);

  return [
    listRoute({
      path: '/v1/agents',
      summary: 'The staff, with their presence and current call',
      model: readModel(db, agents),
      listing: agentsListing,
      columns: agentColumns,
    }),

    listRoute({
      path: '/v1/agents/:agentId/availability',
      summary: 'When an agent took calls and when not, why and who said so, newest first',
      model: spells,
      listing: availabilityListing,
      columns: availabilityColumns,
      params: { agentId: z.string().min(1) },
      within: async (store, { agentId = '' }) => {
        if (!(await spells.get(store, spellKey(store, agentId, 0)))) throw notFound('agent');
        return { 'doc.agentId': agentId };
      },
    }),
  ];
};
