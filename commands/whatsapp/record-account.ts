import { channel } from '../../domain/channel.ts';
import type { ToldRestriction } from '../../domain/channel-restrictions.ts';
import type { Instant } from '../../domain/time.ts';
import { channelPhones } from '../collections.ts';
import type { WriteSide } from '../write-side.ts';
import type { AccountUpdate } from './delivery.ts';
import type { AccountPiece } from './pieces.ts';
import type { SetAsideReason } from './set-aside.ts';
import { connectedChannel, webhookContext } from './webhook-context.ts';

const restrictions: ReadonlyMap<string, ToldRestriction['restriction']> = new Map([
  ['RESTRICTED_BUSINESS_INITIATED_CALLING', 'outgoing'],
  ['RESTRICTED_USER_INITIATED_CALLING', 'incoming'],
  ['RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING', 'both'],
  ['RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN', 'icon'],
]);

/** Records Meta's warnings about a number and what it stops there. Meta names the number, or else the account of several. */
export const recordAccount =
  (w: WriteSide) =>
  async (piece: AccountPiece, receivedAt: Instant): Promise<SetAsideReason | null> => {
    const commands = commandsOf(piece.update, piece.sentAt ?? receivedAt);
    if (commands.length === 0) return 'not_yet_used';
    const { phone_number } = piece.update;
    const named = phone_number === null ? { wabaId: piece.wabaId ?? '' } : { phone: digits(phone_number) };
    const channels = await channelPhones(w.db).find(named).toArray();
    for (const { _id } of channels) await tell(w, _id, commands, piece, receivedAt);
    return channels.length > 0 ? null : 'unknown_channel';
  };

const tell = async (
  w: WriteSide,
  channelId: string,
  commands: ReturnType<typeof commandsOf>,
  { sentAt, raw }: AccountPiece,
  receivedAt: Instant,
) => {
  const owner = await connectedChannel(w, channelId);
  if (!owner) return;
  // without Meta's time, the same words on another day are another warning
  const on = sentAt ?? new Date(receivedAt).toISOString().slice(0, 10);
  for (const [n, command] of commands.entries()) {
    const context = webhookContext(owner.store, { type: 'meta', id: channelId }, channelId, { raw, on, n });
    await w.transact(channel, channelId, { ...command, channelId }, context);
  }
};

/** The digits of a phone number with its country code, however it is written: "+44 (0)20 …", "0044 20 …". */
export const digits = (phone: string) => phone.replace('(0)', '').replace(/\D/g, '').replace(/^00/, '');

const commandsOf = (update: AccountUpdate, at: Instant) => {
  if (update.event === 'ACCOUNT_RESTRICTION') return restrictionsOf(update, at);
  return update.event === 'ACCOUNT_VIOLATION' ? violationsOf(update, at) : [];
};

const restrictionsOf = ({ restriction_info }: AccountUpdate, at: Instant) =>
  restriction_info.flatMap(({ restriction_type, expiration }) =>
    inOurWords(restriction_type, expiration).map((told) => ({ type: 'RecordRestriction' as const, at, ...told })),
  );

/** A restriction of Meta's; none where it does not touch calls, or we do not know it. */
export const inOurWords = (metaType: string, until: Instant | null): readonly ToldRestriction[] => {
  const restriction = restrictions.get(metaType);
  return restriction ? [{ restriction, until, metaType }] : [];
};

const violationsOf = ({ violation_info }: AccountUpdate, at: Instant) =>
  violation_info ? [{ type: 'RecordViolation' as const, at, metaType: violation_info.violation_type }] : [];
