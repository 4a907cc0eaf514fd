import type { Db } from 'mongodb';
import type { Instant } from '../domain/time.ts';
import { present } from '../http/present.ts';
import { type Route, readers, route } from '../http/route.ts';
import { readModels } from '../projections/index.ts';
import { projectionStates } from '../projections/state.ts';
import type { EventLog } from '../store/event-log.ts';
import { answerAt } from './answer.ts';

export type ProjectionsDeps = {
  readonly db: Db;
  readonly log: Pick<EventLog, 'head'>;
  readonly now: () => Instant;
};

/** How the read models are doing. */
export const projectionsRoute = ({ db, log, now }: ProjectionsDeps): Route =>
  route({
    method: 'get',
    path: '/v1/projections',
    summary: 'Every read model: whether it is live, how far it is behind the log, what is quarantined',
    roles: readers,
    handle: async (request) => {
      const head = await log.head();
      const states = await projectionStates(db, readModels, head, now());
      return answerAt(request, head, { items: present(states) });
    },
  });
