import type { Route } from '../http/route.ts';
import { callRoutes } from './call-routes.ts';
import { callbackRoutes } from './callback-routes.ts';
import { settingsRoutes } from './settings-routes.ts';
import { ticketRoutes } from './ticket-routes.ts';
import type { WriteSide } from './write-side.ts';

/** Everything that people can do over HTTP. */
export const commandRoutes = (w: WriteSide): Route[] => [
  ...settingsRoutes(w),
  ...callRoutes(w),
  ...callbackRoutes(w),
  ...ticketRoutes(w),
];
