import { routing as decider, type Routing } from '../domain/routing.ts';
import { stateProjection } from './state-projection.ts';

/** A store's rules as people see them, before it has set any too. */
export const routingView = ({ rules, ruleVersion, roster }: Routing) => ({ ...rules, ruleVersion, roster });

/** How each store hands out its incoming calls. Keys are stores. */
export const routing = stateProjection({
  of: decider,
  name: 'routing',
  version: 2,
  indexes: [],
  view: routingView,
});
