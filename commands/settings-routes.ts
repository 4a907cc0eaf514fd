import { type Route, staff } from '../http/route.ts';
import {
  AgentBody,
  AgentId,
  AvailabilityBody,
  ChannelBody,
  ChannelId,
  Id,
  JourneyBody,
  Nothing,
  RoutingBody,
} from './bodies.ts';
import { CallingBody } from './calling-body.ts';
import { commandRouter } from './command-route.ts';
import { configureCalling } from './configure-calling.ts';
import { configureRouting } from './configure-routing.ts';
import { connectChannel } from './connect-channel.ts';
import { defineJourney } from './define-journey.ts';
import { onlyForOneself } from './entitlement.ts';
import { refreshCalling } from './refresh-calling.ts';
import { registerAgent } from './register-agent.ts';
import { removeJourney } from './remove-journey.ts';
import { setAvailability } from './set-availability.ts';
import type { WriteSide } from './write-side.ts';

/** What an admin sets up, and who is on duty. */
export const settingsRoutes = (w: WriteSide): Route[] => {
  const command = commandRouter(w);
  const [connect, configure, register] = [connectChannel(w), configureCalling(w), registerAgent(w)];
  const refresh = refreshCalling(w);
  const [setAvailable, route] = [setAvailability(w), configureRouting(w)];
  const [define, remove] = [defineJourney(w), removeJourney(w)];
  return [
    command({
      method: 'put',
      path: '/v1/channels/:channelId',
      summary: 'Connect a WhatsApp number to the store, or change how it is shown',
      roles: ['admin'],
      params: { channelId: ChannelId },
      body: ChannelBody,
      run: ({ params, body }, context) => connect({ ...params, ...body }, context),
    }),
    command({
      method: 'put',
      path: '/v1/channels/:channelId/calling',
      summary: 'Set which calls a channel takes and when',
      roles: ['admin'],
      params: { channelId: ChannelId },
      body: CallingBody,
      run: ({ params, body: { enabled, userInitiated, callbackRequests } }, context) => {
        const { workingHours, holidays } = userInitiated;
        const userInitiatedEnabled = userInitiated.enabled;
        const callbackRequestsEnabled = callbackRequests.enabled;
        const calling = { enabled, userInitiatedEnabled, workingHours, holidays, callbackRequestsEnabled };
        return configure({ ...params, ...calling }, context);
      },
    }),
    command({
      method: 'post',
      path: '/v1/channels/:channelId/calling/refresh',
      summary: 'Ask Meta which settings it holds and what it has restricted, and follow what it says',
      roles: ['admin'],
      params: { channelId: ChannelId },
      body: Nothing,
      run: ({ params }, context) => refresh(params, context),
    }),
    command({
      method: 'put',
      path: '/v1/agents/:agentId',
      summary: 'Enter a member of staff, or change their profile',
      roles: ['admin'],
      params: { agentId: AgentId },
      body: AgentBody,
      run: ({ params, body }, context) => register({ ...params, ...body }, context),
    }),
    command({
      method: 'put',
      path: '/v1/agents/:agentId/availability',
      summary: 'Say whether an agent takes calls now',
      roles: staff,
      params: { agentId: AgentId },
      body: AvailabilityBody,
      run: async ({ caller, params, body }, context) => {
        onlyForOneself(caller, params.agentId);
        return setAvailable({ ...params, ...body }, context);
      },
    }),
    command({
      method: 'put',
      path: '/v1/routing',
      summary: 'Set how the store hands out its incoming calls',
      roles: ['admin'],
      params: {},
      body: RoutingBody,
      run: ({ body }, context) => route(body, context),
    }),
    command({
      method: 'put',
      path: '/v1/journeys/:journeyId',
      summary: 'Lead some calls to a team or an agent; the lowest priority number is asked first',
      roles: ['admin'],
      params: { journeyId: Id },
      body: JourneyBody,
      run: ({ params, body }, context) => define({ ...params, ...body }, context),
    }),
    command({
      method: 'delete',
      path: '/v1/journeys/:journeyId',
      summary: 'Remove a journey',
      roles: ['admin'],
      params: { journeyId: Id },
      body: Nothing,
      run: ({ params }, context) => remove(params, context),
    }),
  ];
};
