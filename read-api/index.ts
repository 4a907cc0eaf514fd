import type { Route } from '../http/route.ts';
import { agentRoutes } from './agents.ts';
import { type CallLogDeps, callLogRoutes } from './call-logs.ts';
import { callbackRequestRoutes } from './callback-requests.ts';
import { missedCallRoutes } from './missed-calls.ts';
import { type PermissionDeps, permissionRoute } from './permission.ts';
import { type ProjectionsDeps, projectionsRoute } from './projections.ts';
import { storeRoutes } from './store-settings.ts';
import { ticketRoutes } from './tickets.ts';

export type ReadDeps = CallLogDeps & PermissionDeps & ProjectionsDeps;

/** Every GET route over the read models. */
export const readRoutes = (deps: ReadDeps): readonly Route[] => [
  ...callLogRoutes(deps),
  ...ticketRoutes(deps.db),
  ...missedCallRoutes(deps.db),
  ...callbackRequestRoutes(deps.db),
  permissionRoute(deps),
  ...agentRoutes(deps.db),
  ...storeRoutes(deps.db),
  projectionsRoute(deps),
];
