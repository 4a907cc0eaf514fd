import { activities } from './activities.ts';
import { agents } from './agents.ts';
import { availability } from './availability.ts';
import { callLogs } from './call-logs.ts';
import { callbackRequests } from './callback-requests.ts';
import { channels } from './channels.ts';
import { inbox } from './inbox.ts';
import { journeys } from './journeys.ts';
import { missedCalls } from './missed-calls.ts';
import { permissions } from './permissions.ts';
import type { Projection } from './projection.ts';
import { routing } from './routing.ts';
import { tickets } from './tickets.ts';

export { activities, agents, callbackRequests, callLogs, channels, inbox, missedCalls, permissions, routing, tickets };

/** Everything people can see. */
export const readModels: readonly Projection[] = [
  callLogs,
  tickets,
  activities,
  missedCalls,
  callbackRequests,
  permissions,
  agents,
  channels,
  routing,
  journeys,
  availability,
  inbox,
];
