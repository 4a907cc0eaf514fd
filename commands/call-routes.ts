import { usualInvite } from '../domain/call-invite-events.ts';
import { type Route, staff } from '../http/route.ts';
import { acceptCall } from './accept-call.ts';
import {
  AcceptCallBody,
  CallInviteBody,
  ChannelId,
  CustomerName,
  Id,
  Nothing,
  PermissionRequestBody,
  PlaceCallBody,
} from './bodies.ts';
import { commandRouter } from './command-route.ts';
import { declineCall } from './decline-call.ts';
import { endCall } from './end-call.ts';
import { inviteToCall } from './invite-to-call.ts';
import { placeCall } from './place-call.ts';
import { refreshPermission } from './refresh-permission.ts';
import { requestPermission } from './request-permission.ts';
import type { WriteSide } from './write-side.ts';

/** What an agent does with calls. */
export const callRoutes = (w: WriteSide): Route[] => {
  const command = commandRouter(w);
  const [place, accept, decline, end] = [placeCall(w), acceptCall(w), declineCall(w), endCall(w)];
  const [request, invite, refresh] = [requestPermission(w), inviteToCall(w), refreshPermission(w)];
  return [
    command({
      method: 'post',
      path: '/v1/calls',
      summary: 'Call a customer',
      roles: staff,
      params: {},
      body: PlaceCallBody,
      status: 201,
      answers: ['callId', 'ticketId'],
      run: ({ caller, body, fence }, context) => place({ ...body, agentId: caller.sub, fence }, context),
    }),
    command({
      method: 'post',
      path: '/v1/calls/:callId/accept',
      summary: 'Take an incoming call that was offered to you',
      roles: staff,
      params: { callId: Id },
      body: AcceptCallBody,
      run: ({ caller, params, body, fence }, context) =>
        accept({ ...params, ...body, agentId: caller.sub, fence }, context),
    }),
    command({
      method: 'post',
      path: '/v1/calls/:callId/decline',
      summary: 'Pass an offered call on to others',
      roles: staff,
      params: { callId: Id },
      body: Nothing,
      run: ({ caller, params }, context) => decline({ ...params, agentId: caller.sub }, context),
    }),
    command({
      method: 'post',
      path: '/v1/calls/:callId/end',
      summary: 'Hang up, or give up while it rings',
      roles: staff,
      params: { callId: Id },
      body: Nothing,
      run: ({ caller, params }, context) => end({ ...params, agentId: caller.sub }, context),
    }),
    command({
      method: 'post',
      path: '/v1/channels/:channelId/customers/:customer/permission-requests',
      summary: 'Ask a customer for leave to call',
      roles: staff,
      params: { channelId: ChannelId, customer: CustomerName },
      body: PermissionRequestBody,
      status: 201,
      answers: ['requestId'],
      run: ({ caller, params, body }, context) => {
        const content = body.method === 'template' ? { ...body, body: null } : { ...body, template: null };
        return request({ ...params, ...content, agentId: caller.sub }, context);
      },
    }),
    command({
      method: 'post',
      path: '/v1/channels/:channelId/customers/:customer/call-invites',
      summary: 'Send a customer a button by which they call us',
      roles: staff,
      params: { channelId: ChannelId, customer: CustomerName },
      body: CallInviteBody,
      status: 201,
      answers: ['inviteId'],
      run: ({ caller, params, body }, context) => {
        const content =
          body.method === 'template'
            ? { template: body.template }
            : { body: body.body ?? usualInvite.body, displayText: body.displayText, template: null };
        return invite({ ...params, content, ttlMinutes: body.ttlMinutes, agentId: caller.sub }, context);
      },
    }),
    command({
      method: 'post',
      path: '/v1/channels/:channelId/customers/:customer/permission/refresh',
      summary: 'Ask Meta how leave to call stands, and follow what it says',
      roles: staff,
      params: { channelId: ChannelId, customer: CustomerName },
      body: Nothing,
      run: ({ params }, context) => refresh(params, context),
    }),
  ];
};
