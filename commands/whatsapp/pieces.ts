import type { z } from 'zod';
import type { Instant } from '../../domain/time.ts';
import {
  AccountUpdate,
  CallItem,
  Change,
  type Contact,
  Delivery,
  Entry,
  MessageItem,
  type SettingsReport,
  SettingsUpdate,
  StatusItem,
  Value,
} from './delivery.ts';
import type { SetAsideReason } from './set-aside.ts';

type Common = {
  /** Pieces with the same name are recorded one after the other, in the order they came. */
  readonly order: string;
  readonly channelId: string | null;
  readonly metaCallId: string | null;
  /** A change that holds this piece alone: enough to read it again later. */
  readonly raw: unknown;
};
type OnChannel = Common & { readonly channelId: string; readonly contacts: readonly Contact[] };

export type CallPiece = OnChannel & { kind: 'call'; item: CallItem; metaErrorCodes: readonly number[] };
export type StatusPiece = OnChannel & { kind: 'status'; item: StatusItem };
export type MessagePiece = OnChannel & { kind: 'message'; item: MessageItem };
export type AccountPiece = Common & {
  kind: 'account';
  update: AccountUpdate;
  sentAt: Instant | null;
  /** The WhatsApp business account that the delivery is about. */
  wabaId: string | null;
};
export type SettingsPiece = Common & {
  kind: 'settings';
  channelId: string;
  reported: SettingsReport | null;
  toldAt: Instant | null;
};
type Misfit = Common & { kind: 'misfit'; reason: SetAsideReason };

/** One thing that a delivery tells. */
export type Piece = CallPiece | StatusPiece | MessagePiece | AccountPiece | SettingsPiece | Misfit;

const misfit = (raw: unknown, reason: SetAsideReason, channelId: string | null = null): Misfit => ({
  kind: 'misfit',
  order: 'misfits',
  channelId,
  metaCallId: null,
  raw,
  reason,
});

/** Everything that a delivery tells, in its order; what is not understood is a piece as well. */
export const piecesOf = (delivery: unknown): readonly Piece[] => {
  const parsed = Delivery.safeParse(delivery);
  if (!parsed.success) return [misfit(delivery, 'unknown_shape')];
  return parsed.data.entry.flatMap((entry) => {
    const { success, data } = Entry.safeParse(entry);
    return success ? data.changes.flatMap((change) => ofChange(change, data)) : [misfit(entry, 'unknown_shape')];
  });
};

const ofChange = (raw: unknown, { time, id }: Pick<Entry, 'time' | 'id'>): readonly Piece[] => {
  const { success, data } = Change.safeParse(raw);
  if (!success) return [misfit(raw, 'unknown_shape')];
  if (data.field === 'account_update') return [ofAccount(raw, data.value, time, id)];
  if (data.field === 'account_settings_update') return [ofSettings(raw, data.value, time)];
  return data.field === 'calls' || data.field === 'messages'
    ? ofChannel(raw, data.field, data.value)
    : [misfit(raw, 'not_yet_used')];
};

const ofAccount = (raw: unknown, value: unknown, sentAt: Instant | null, wabaId: string | null): Piece => {
  const { success, data } = AccountUpdate.safeParse(value);
  if (!success) return misfit(raw, 'unknown_shape');
  const order = `account ${data.phone_number ?? wabaId}`;
  return { kind: 'account', order, channelId: null, metaCallId: null, raw, update: data, sentAt, wabaId };
};

const ofSettings = (raw: unknown, value: unknown, sentAt: Instant | null): Piece => {
  const { success, data } = SettingsUpdate.safeParse(value);
  if (!success) return misfit(raw, 'unknown_shape');
  const { phone_number_id: channelId, calling: reported } = data.phone_number_settings;
  const toldAt = data.timestamp ?? sentAt;
  return { kind: 'settings', order: `settings ${channelId}`, channelId, metaCallId: null, raw, reported, toldAt };
};

const ofChannel = (raw: unknown, field: string, value: object): readonly Piece[] => {
  const { success, data } = Value.safeParse(value);
  if (!success) return [misfit(raw, 'unknown_shape')];
  const pieces = [...callsOf(field, value, data), ...statusesOf(field, value, data), ...messagesOf(field, value, data)];
  return pieces.length > 0 ? pieces : [misfit(raw, 'unknown_shape', data.metadata.phone_number_id)];
};

type List = 'calls' | 'statuses' | 'messages';

/** Each element of a list that has the shape, made a piece; the others as they are. */
const eachOf =
  <S extends z.ZodType>(list: List, schema: S, pieceOf: (item: z.output<S>, common: OnChannel, data: Value) => Piece) =>
  (field: string, value: object, data: Value): readonly Piece[] =>
    data[list].map((element) => {
      const raw = { field, value: { ...value, calls: [], statuses: [], messages: [], [list]: [element] } };
      const channelId = data.metadata.phone_number_id;
      const parsed = schema.safeParse(element);
      if (!parsed.success) return misfit(raw, 'unknown_shape', channelId);
      return pieceOf(parsed.data, { order: '', channelId, metaCallId: null, raw, contacts: data.contacts }, data);
    });

const callsOf = eachOf('calls', CallItem, (item, common, { errors }) => ({
  ...common,
  kind: 'call',
  order: `call ${item.id}`,
  metaCallId: item.id,
  item,
  metaErrorCodes: [...errors, ...item.errors].map(({ code }) => code),
}));

const statusesOf = eachOf('statuses', StatusItem, (item, common) => ({
  ...common,
  kind: 'status',
  order: item.type === 'call' ? `call ${item.id}` : `message to ${item.recipient_id ?? item.recipient_user_id}`,
  metaCallId: item.type === 'call' ? item.id : null,
  item,
}));

const messagesOf = eachOf('messages', MessageItem, (item, common) => ({
  ...common,
  kind: 'message',
  order: `message of ${item.from ?? item.from_user_id}`,
  item,
}));
