import { type Route, staff } from '../http/route.ts';
import { Id, Nothing } from './bodies.ts';
import { claimCallback } from './claim-callback.ts';
import { commandRouter } from './command-route.ts';
import { releaseCallback } from './release-callback.ts';
import type { WriteSide } from './write-side.ts';

const params = { id: Id.describe('The `id` of a row of the list of callback requests.') };

/** What is done with callback requests; to call back is to place a call. */
export const callbackRoutes = (w: WriteSide): Route[] => {
  const command = commandRouter(w);
  const [claim, release] = [claimCallback(w), releaseCallback(w)];
  return [
    command({
      method: 'post',
      path: '/v1/callback-requests/:id/claim',
      summary: 'Take it on to call a customer back',
      roles: staff,
      params,
      body: Nothing,
      run: ({ caller, params: { id } }, context) => claim({ callbackId: id, agentId: caller.sub }, context),
    }),
    command({
      method: 'post',
      path: '/v1/callback-requests/:id/release',
      summary: 'Give a claimed callback request back; a manager also one of somebody else',
      roles: staff,
      params,
      body: Nothing,
      run: ({ caller: { sub: agentId, role }, params: { id } }, context) =>
        release({ callbackId: id, agentId, isManager: role !== 'agent' }, context),
    }),
  ];
};
