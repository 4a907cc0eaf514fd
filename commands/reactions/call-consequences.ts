import { channel, grantsByCallback } from '../../domain/channel.ts';
import type { Named } from '../../domain/index.ts';
import { permission } from '../../domain/permission.ts';
import type { Recorded } from '../../store/event-log.ts';
import { pairKey } from '../belongings.ts';
import { setFree } from '../set-free.ts';
import { tellConnected } from '../tell-connected.ts';
import type { WriteSide } from '../write-side.ts';
import { becauseOf, causedBy, type Reaction } from './reaction.ts';

/**
 * What a call means elsewhere: the ticket, the limits on calling this customer, the agent who is free again. What happens
 * between a customer and a channel is told in the order in which it happened, whichever call it was in.
 */
export const callConsequences = (w: WriteSide): Reaction => ({
  name: 'call-consequences',
  lineOf: ({ event, stream }) =>
    'channelId' in event && 'customerId' in event ? pairKey(event.channelId, event.customerId) : stream,
  handlers: {
    CallAnswered: (event, cause) => tellConnected(w, { ...event, direction: 'incoming' }, becauseOf(cause)),
    CallPickedUp: (event, cause) => tellConnected(w, { ...event, direction: 'outgoing' }, becauseOf(cause)),
    CallHungUp: ({ callId }, cause) => setFree(w, callId, becauseOf(cause)),
    CallConcluded: async (event, cause) => {
      await setFree(w, event.callId, becauseOf(cause));
      await grantByCallback(w, event, cause);
    },
  },
});

/** A customer who called may be called back, where Meta turns calls to the channel into permissions. */
const grantByCallback = async (w: WriteSide, event: Named<'CallConcluded'>, cause: Recorded) => {
  const { endedAt, callId, channelId, customerId, ticketId, direction, corrects } = event;
  if (direction === 'outgoing' || corrects || !grantsByCallback(await w.stateOf(channel, channelId))) return;
  const fact = { at: endedAt, callId, channelId, customerId, ticketId };
  const grant = { type: 'GrantByCallback', ...fact } as const;
  await w.transact(permission, pairKey(channelId, customerId), grant, causedBy(cause, 'grant by callback'));
};
