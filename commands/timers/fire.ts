import { agent, liveSocket } from '../../domain/agent.ts';
import { call } from '../../domain/call.ts';
import { channel } from '../../domain/channel.ts';
import { isOver } from '../../domain/channel-restrictions.ts';
import { conversation } from '../../domain/conversation.ts';
import { permission } from '../../domain/permission.ts';
import { isUnsure } from '../../domain/permission-report.ts';
import { uuidFrom } from '../../store/ids.ts';
import { abandonCall } from '../abandon-call.ts';
import { agentKey, pairKey } from '../belongings.ts';
import { readSettings } from '../refresh-calling.ts';
import { consultMeta } from '../refresh-permission.ts';
import { contextOf, type WriteSide } from '../write-side.ts';
import type { TimerKind } from './lanes.ts';
import type { StoredTimer } from './stored-timers.ts';
import { placeWithin } from './timers-of.ts';

type Firing = (w: WriteSide, timer: StoredTimer) => Promise<unknown>;

/** The id follows from the timer, so that firing it again after a crash writes nothing twice. */
const contextFor = ({ _id, store, correlationId, causationId }: StoredTimer) =>
  contextOf({
    store,
    actor: { type: 'system', id: 'timer' },
    commandId: uuidFrom('timer', _id),
    correlationId,
    causationId,
  });

const field = ({ subject, _id }: StoredTimer, name: string): string => {
  const value = subject[name];
  if (value === undefined) throw new Error(`timer ${_id} has no ${name}`);
  return value;
};

const onOffer =
  (type: 'GiveUpUnacknowledged' | 'TimeOutOffer'): Firing =>
  (w, timer) => {
    const [callId, offerId] = [field(timer, 'callId'), field(timer, 'offerId')];
    return w.transact(call, callId, { type, at: timer.dueAt, callId, offerId }, contextFor(timer));
  };

const giveUpCall: Firing = (w, timer) => {
  const callId = field(timer, 'callId');
  return w.transact(call, callId, { type: 'GiveUpCall', at: timer.dueAt, callId }, contextFor(timer));
};

const onChannel =
  (type: 'RetrySettings' | 'LetTimePass'): Firing =>
  (w, timer) => {
    const channelId = field(timer, 'channelId');
    return w.transact(channel, channelId, { type, at: timer.dueAt, channelId }, contextFor(timer));
  };

const pairOf = (timer: StoredTimer) => {
  const parties = { channelId: field(timer, 'channelId'), customerId: field(timer, 'customerId') };
  return { pair: pairKey(parties.channelId, parties.customerId), parties };
};

/** The pair with the ticket that is open now. */
const pairAndTicketOf = async (w: WriteSide, timer: StoredTimer) => {
  const { pair, parties } = pairOf(timer);
  const { ticketId } = await w.stateOf(conversation, pair);
  return { pair, parties: { ...parties, ticketId } };
};

/** What each kind of timer does; the domain decides whether there is still anything to do. */
const firings: Record<TimerKind, Firing> = {
  offer_unacknowledged: onOffer('GiveUpUnacknowledged'),
  offer_timed_out: onOffer('TimeOutOffer'),

  socket_lost: async (w, timer) => {
    const agentId = field(timer, 'agentId');
    const staff = await w.stateOf(agent, agentKey(timer.store, agentId));
    if (liveSocket(staff, timer.dueAt) || staff.call?.direction !== 'incoming') return;
    const { callId } = staff.call;
    await w.transact(call, callId, { type: 'LoseOffer', at: timer.dueAt, callId, agentId }, contextFor(timer));
  },

  queue_ended: (w, timer) => {
    const callId = field(timer, 'callId');
    return w.transact(call, callId, { type: 'TimeOutQueue', at: timer.dueAt, callId }, contextFor(timer));
  },

  answer_unconfirmed: (w, timer) => {
    const [callId, agentId] = [field(timer, 'callId'), field(timer, 'agentId')];
    const failed = { type: 'FailAnswer', at: timer.dueAt, callId, agentId, metaErrorCode: null } as const;
    return w.transact(call, callId, failed, contextFor(timer));
  },

  end_unconfirmed: giveUpCall,

  outgoing_call_silent: async (w, timer) => {
    const { pickedUpAt } = await w.stateOf(call, field(timer, 'callId'));
    if (pickedUpAt === null) await giveUpCall(w, timer);
  },

  authorisation_unused: (w, timer) => {
    const [callId, agentId] = [field(timer, 'callId'), field(timer, 'agentId')];
    const at = timer.dueAt;
    const call = { ...pairOf(timer).parties, callId, agentId, authorisedAt: at - placeWithin, at };
    return abandonCall(w, call, contextFor(timer));
  },

  permission_expires: async (w, timer) => {
    const { pair, parties } = await pairAndTicketOf(w, timer);
    const expire = { type: 'ExpirePermission', at: timer.dueAt, ...parties } as const;
    await w.transact(permission, pair, expire, contextFor(timer));
  },

  request_expires: async (w, timer) => {
    const { pair, parties } = await pairAndTicketOf(w, timer);
    const expire = {
      type: 'ExpireRequest',
      at: timer.dueAt,
      ...parties,
      requestId: field(timer, 'requestId'),
    } as const;
    await w.transact(permission, pair, expire, contextFor(timer));
  },

  invite_expires: (w, timer) => {
    const { pair, parties } = pairOf(timer);
    const expire = { type: 'ExpireInvite', at: timer.dueAt, ...parties, inviteId: field(timer, 'inviteId') } as const;
    return w.transact(conversation, pair, expire, contextFor(timer));
  },

  callback_expires: (w, timer) => {
    const { pair, parties } = pairOf(timer);
    const expire = { type: 'ExpireCallback', at: timer.dueAt, ...parties } as const;
    return w.transact(conversation, pair, expire, contextFor(timer));
  },

  request_unconfirmed: async (w, timer) => {
    const { pair, parties } = pairOf(timer);
    const { requests } = await w.stateOf(permission, pair);
    if (!requests.some((r) => r.requestId === field(timer, 'requestId') && isUnsure(r))) return;
    const to = await w.directory.find(timer.store, parties.customerId);
    if (to) await consultMeta(w, { channelId: parties.channelId, to }, contextFor(timer));
  },

  settings_retried: onChannel('RetrySettings'),
  channel_time_passed: onChannel('LetTimePass'),

  restriction_checked: async (w, timer) => {
    const channelId = field(timer, 'channelId');
    const { restrictions } = await w.stateOf(channel, channelId);
    if (restrictions.some((one) => !isOver(one, w.now()))) await readSettings(w, channelId, contextFor(timer));
  },
};

/** Does what the timer is for, as of the moment it was due. */
export const fire: Firing = (w, timer) => firings[timer.kind](w, timer);
