import type { Journey } from '../domain/journey.ts';
import type { Instant } from '../domain/time.ts';
import { projection } from './projection.ts';

export type JourneyView = Journey & { readonly changedAt: Instant };

/** The journeys of the stores. Keys are `<store>.<journeyId>`. */
export const journeys = projection<JourneyView>({
  name: 'journeys',
  version: 1,
  indexes: [[{ store: 1, 'doc.priority': 1, _id: 1 }]],
})(
  {
    JourneyDefined: (_, { at, journeyId, name, priority, when, route }) => ({
      journeyId,
      name,
      priority,
      when,
      route,
      changedAt: at,
    }),
    JourneyRemoved: () => null,
  },
  ({ journeyId }, { metadata }) => `${metadata.store}.${journeyId}`,
);
