import { call, type IncomingCall, type Termination } from '../../domain/call.ts';
import { isGivenUp } from '../../domain/call-state.ts';
import { type Decider, isRefusal } from '../../domain/decider.ts';
import type { Actor } from '../../domain/metadata.ts';
import type { Instant } from '../../domain/time.ts';
import { uuidFrom } from '../../store/ids.ts';
import { endAtMeta } from '../end-at-meta.ts';
import type { WriteSide } from '../write-side.ts';
import type { CallItem } from './delivery.ts';
import { outgoingCall, rememberOutgoingCall } from './outgoing-calls.ts';
import { personOf } from './person.ts';
import type { CallPiece, StatusPiece } from './pieces.ts';
import type { SetAsideReason } from './set-aside.ts';
import { connectedChannel, webhookContext } from './webhook-context.ts';

type Recorded = Promise<SetAsideReason | null>;
type CommandOf<D> = D extends Decider<infer C, infer _, infer __> ? C : never;
type CallCommand = CommandOf<typeof call>;

/** Our id of an incoming call: the same for every webhook of it. */
export const incomingCallId = (channelId: string, metaCallId: string) => uuidFrom('call', channelId, metaCallId);

/** Records one element of `calls[]`. `learnt` is told when Meta's id of an outgoing call becomes known. */
export const recordCall =
  (w: WriteSide, learnt: (metaCallId: string) => Promise<void>) =>
  (piece: CallPiece, receivedAt: Instant): Recorded => {
    if (piece.item.direction === 'USER_INITIATED') return incoming(w, piece, receivedAt);
    if (piece.item.direction === 'BUSINESS_INITIATED') return outgoing(w, piece, receivedAt, learnt);
    return Promise.resolve('unknown_shape');
  };

/** Records one element of `statuses[]` that is about an outgoing call. */
export const recordCallStatus =
  (w: WriteSide, learnt: (metaCallId: string) => Promise<void>) =>
  (piece: StatusPiece, receivedAt: Instant): Recorded => {
    const { item } = piece;
    const type = statusCommands.get(item.status);
    if (!type) return Promise.resolve('unknown_event');
    const at = item.timestamp ?? receivedAt;
    const by = item.status === 'ringing' ? 'meta' : 'customer';
    return onOutgoing(w, piece, by, learnt, (callId) => ({ type, at, callId, metaCallId: item.id }));
  };

type StatusCommand = 'RecordRinging' | 'RecordPickedUp' | 'RecordRejected';

const statusCommands: ReadonlyMap<string, StatusCommand> = new Map([
  ['ringing', 'RecordRinging'],
  ['accepted', 'RecordPickedUp'],
  ['rejected', 'RecordRejected'],
]);

const incoming = async (w: WriteSide, piece: CallPiece, receivedAt: Instant): Recorded => {
  const { channelId, item, contacts, raw } = piece;
  if (item.event !== 'connect' && item.event !== 'terminate') return 'unknown_event';
  const owner = await connectedChannel(w, channelId);
  if (!owner) return 'unknown_channel';
  const person = personOf(contacts, item.from, item.from_user_id);
  if (!person) return 'unknown_customer';
  const { customerId, waId, name } = await w.directory.identify(owner.store, person);
  const callId = incomingCallId(channelId, item.id);
  const at = item.timestamp ?? receivedAt;
  const seen: IncomingCall = {
    receivedAt,
    callId,
    channelId,
    channelName: owner.details.name,
    customerId,
    waId,
    customerName: name,
    metaCallId: item.id,
    ctaPayload: item.cta_payload,
    deeplinkPayload: item.deeplink_payload,
  };
  const command: CallCommand =
    item.event === 'connect'
      ? { type: 'ReceiveCall', at, ...seen, sdpOffer: item.session?.sdp ?? null }
      : { type: 'TerminateIncoming', callId, seen, ...terminationOf(piece, at) };
  const actor: Actor =
    item.event === 'connect' ? { type: 'customer', id: customerId } : { type: 'meta', id: channelId };
  await w.transact(call, callId, command, webhookContext(owner.store, actor, callId, raw));
  return null;
};

const outgoing = (
  w: WriteSide,
  piece: CallPiece,
  receivedAt: Instant,
  learnt: (metaCallId: string) => Promise<void>,
): Recorded => {
  const { item } = piece;
  const at = item.timestamp ?? receivedAt;
  const metaCallId = item.id;
  if (item.event === 'connect') {
    const sdpAnswer = item.session?.sdp ?? null;
    return onOutgoing(w, piece, 'meta', learnt, (callId) => ({
      type: 'RecordSdpAnswer',
      at,
      callId,
      metaCallId,
      sdpAnswer,
    }));
  }
  if (item.event !== 'terminate') return Promise.resolve('unknown_event');
  const termination = terminationOf(piece, at);
  return onOutgoing(w, piece, 'meta', learnt, (callId) => ({ type: 'TerminateOutgoing', callId, ...termination }));
};

const onOutgoing = async (
  w: WriteSide,
  { channelId, item, raw }: CallPiece | StatusPiece,
  by: 'meta' | 'customer',
  learnt: (metaCallId: string) => Promise<void>,
  commandFor: (callId: string) => CallCommand,
): Recorded => {
  const owner = await connectedChannel(w, channelId);
  if (!owner) return 'unknown_channel';
  const known = await outgoingCall(w, { channelId, metaCallId: item.id, ours: item.biz_opaque_callback_data });
  if (!known) return 'unknown_call';
  const { callId, state } = known;
  if (state.metaCallId === null) {
    await rememberOutgoingCall(w.db, item.id, callId, w.now());
    await learnt(item.id);
    if (isGivenUp(state)) endLate(w, { callId, channelId, metaCallId: item.id }, owner.store, raw);
  }
  const actor: Actor = { type: by, id: by === 'meta' ? channelId : state.parties.customerId };
  const recorded = await w.transact(call, callId, commandFor(callId), webhookContext(owner.store, actor, callId, raw));
  return isRefusal(recorded) ? 'unknown_call' : null;
};

/** It was given up while Meta's id was unknown. Meta's delivery does not wait for that. */
const endLate = (w: WriteSide, ending: Parameters<typeof endAtMeta>[1], store: string, raw: unknown) => {
  const context = webhookContext(store, { type: 'system', id: 'given up' }, ending.callId, raw);
  endAtMeta(w, ending, context).catch((err: unknown) => w.logger.warn({ callId: ending.callId, err }, 'not ended yet'));
};

/** Timing is there only if somebody spoke; a failure is said by the status, by an error, or by the reason. */
const terminationOf = ({ item, metaErrorCodes: [metaErrorCode] }: CallPiece, at: Instant): Termination => ({
  at,
  ...timingOf(item, at),
  failed:
    item.status === 'failed' || metaErrorCode !== undefined || /fail|error|invalid/.test(item.terminate_reason ?? ''),
  metaErrorCode: metaErrorCode ?? null,
});

const timingOf = ({ start_time, end_time, duration }: CallItem, at: Instant) => {
  const length = duration === null ? null : duration * 1_000;
  const connectedAt = start_time ?? (length ? (end_time ?? at) - length : null);
  if (connectedAt === null) return { connectedAt, disconnectedAt: null, durationSeconds: null };
  const disconnectedAt = end_time ?? (length === null ? at : connectedAt + length);
  const durationSeconds = duration ?? Math.max(0, Math.round((disconnectedAt - connectedAt) / 1_000));
  return { connectedAt, disconnectedAt, durationSeconds };
};
