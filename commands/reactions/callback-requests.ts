import { call } from '../../domain/call.ts';
import { type CallbackCause, callbackCauseOf } from '../../domain/callback-events.ts';
import { channel } from '../../domain/channel.ts';
import { conversation } from '../../domain/conversation.ts';
import type { Named } from '../../domain/index.ts';
import type { Recorded } from '../../store/event-log.ts';
import { pairKey } from '../belongings.ts';
import type { WriteSide } from '../write-side.ts';
import { causedBy, type Reaction } from './reaction.ts';

/**
 * What a call means for those who wait to be called back: missed with nobody there, its caller waits; connected, whoever
 * called, they wait no more.
 */
export const callbackRequests = (w: WriteSide): Reaction => ({
  name: 'callback-requests',
  handlers: {
    CallAnswered: (event, cause) => reached(w, event, cause),
    CallPickedUp: (event, cause) => reached(w, event, cause),
    CallConcluded: async (event, cause) => {
      const isNews = event.answeredAt !== null || !event.corrects;
      if (isNews) await concluded(w, event, cause);
    },
    /** The customer's word came before the call it belongs to, which may have been heard of and over meanwhile. */
    CallbackRequested: async ({ callId, because }, cause) => {
      if (callId === null || because !== 'customer_asked') return;
      const { conclusion, direction, parties, ticketId, agentId } = await w.stateOf(call, callId);
      if (conclusion === null || direction === null) return;
      await concluded(w, { callId, direction, ...parties, ticketId, agentId, ...conclusion }, cause);
    },
  },
});

type Concluded = Omit<Named<'CallConcluded'>, 'type' | 'at' | 'corrects'>;
type Reached = Pick<Named<'CallConcluded'>, 'at' | 'callId' | 'channelId' | 'customerId' | 'agentId'>;

const reached = async (w: WriteSide, { at, callId, channelId, customerId, agentId }: Reached, cause: Recorded) => {
  const reach = { type: 'RecordReached', at, callId, channelId, customerId, agentId } as const;
  await w.transact(conversation, pairKey(channelId, customerId), reach, causedBy(cause, 'customer reached'));
};

const concluded = async (w: WriteSide, ended: Concluded, cause: Recorded) => {
  const { answeredAt, direction, missReason, channelId } = ended;
  if (answeredAt !== null) return reached(w, { ...ended, at: answeredAt }, cause);
  if (direction === 'outgoing') return;
  const { calling } = await w.stateOf(channel, channelId);
  const because = calling.callbackRequestsEnabled ? callbackCauseOf(missReason) : null;
  await (because === null ? withdraw(w, ended, cause) : request(w, ended, because, cause));
};

const request = async (w: WriteSide, ended: Concluded, because: CallbackCause, cause: Recorded) => {
  const { startedAt: at, callId, channelId, channelName, customerId, ticketId } = ended;
  const { person } = await w.stateOf(call, callId);
  const asked = { at, channelId, channelName, customerId, ...person, ticketId: ticketId ?? '', callId, because };
  const command = { type: 'RequestCallback', ...asked, now: w.now() } as const;
  await w.transact(conversation, pairKey(channelId, customerId), command, causedBy(cause, 'callback'));
};

const withdraw = async (w: WriteSide, { endedAt: at, callId, channelId, customerId }: Concluded, cause: Recorded) => {
  const command = { type: 'WithdrawCallback', at, callId, channelId, customerId } as const;
  await w.transact(conversation, pairKey(channelId, customerId), command, causedBy(cause, 'no callback'));
};
