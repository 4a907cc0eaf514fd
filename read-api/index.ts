import type { Route } from '../http/route.ts';
import { callLogRoutes } from './call-logs.ts';
import { missedCallRoutes } from './missed-calls.ts';
import { type PermissionDeps, permissionRoute } from './permission.ts';
import { storeRoutes } from './store-settings.ts';
import { ticketRoutes } from './tickets.ts';

/** Every GET route over the read models. */
export const readRoutes = (deps: PermissionDeps): readonly Route[] => [
  ...callLogRoutes(deps.db),
  ...ticketRoutes(deps.db),
  ...missedCallRoutes(deps.db),
  permissionRoute(deps),
  ...storeRoutes(deps.db),
];
