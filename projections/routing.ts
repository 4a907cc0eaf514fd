import { routing as decider, type Routing } from '../domain/routing.ts';
import { stateProjection } from './state-projection.ts';

const view = ({ rules, ruleVersion, roster }: Routing) => ({ ...rules, ruleVersion, roster });

export type RoutingView = ReturnType<typeof view>;

/** How each store hands out its incoming calls. Keys are stores. */
export const routing = stateProjection({
  of: decider,
  name: 'routing',
  version: 1,
  indexes: [],
  view,
});
