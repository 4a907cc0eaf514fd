import { askingRefusal, channel } from '../domain/channel.ts';
import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import { refusedAction } from '../domain/permission-limits.ts';
import type { Customer } from '../store/directory.ts';
import type { Context } from '../store/event-log.ts';
import { customerNamed, ownChannel, pairKey } from './belongings.ts';
import { readSettings } from './refresh-calling.ts';
import type { GraphFailure } from './whatsapp/graph.ts';
import { contradictsPermission, metaRefusal } from './whatsapp/meta-errors.ts';
import { saidByMeta, stepOf, type WriteSide } from './write-side.ts';

type Whom = { readonly channelId: string; readonly to: Customer };
type Command = { channelId: string; customer: string };

/** Asks Meta how a permission stands, whoever wants to know it, and follows where it says otherwise than we believed. */
export const refreshPermission =
  (w: WriteSide) =>
  async ({ channelId, customer }: Command, context: Context): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownChannel(w, context.store, channelId);
    if (isRefusal(owned)) return owned;
    const to = await customerNamed(w, context.store, customer);
    if (isRefusal(to)) return to;
    const heard = await consultMeta(w, { channelId, to }, context);
    return heard.ok ? heard.recorded : metaRefusal(heard);
  };

/** Meta's word on a permission, recorded; Meta sends none by itself when a customer takes it back in the profile. */
export const consultMeta = async (w: WriteSide, { channelId, to }: Whom, context: Context) => {
  const { customerId, waId, bsuid } = to;
  const at = w.now();
  const heard = await w.graph.callPermissions({ channelId, waId, bsuid });
  if (!heard.ok) return heard;
  const pair = pairKey(channelId, customerId);
  const { ticketId } = await w.stateOf(conversation, pair);
  const report = { type: 'RecordMetaReport', at, channelId, customerId, ticketId, ...heard.standing } as const;
  const word = saidByMeta(stepOf(context, 'meta report'), channelId);
  const recorded = await w.transact(permission, pair, report, word);
  return { ...heard, recorded };
};

/** Meta has stopped the number's calls. */
const stopped = 138_014;

/** Meta's refusal in our words. Where it is news to us, Meta is asked how things stand, and from when on it allows it. */
export const explained = async (
  w: WriteSide,
  whom: Whom,
  failure: GraphFailure,
  context: Context,
): Promise<Refusal> => {
  const { metaErrorCode } = failure;
  if (metaErrorCode === stopped) return explainedByChannel(w, whom.channelId, failure, context);
  if (!contradictsPermission(metaErrorCode)) return metaRefusal(failure);
  const heard = await consultMeta(w, whom, context);
  const action = refusedAction.get(metaErrorCode);
  const limits = heard.ok ? heard.standing.limits.filter((limit) => limit.action === action) : [];
  const freeAt = Math.max(0, ...limits.map((limit) => limit.freeAt ?? 0));
  return metaRefusal({ ...failure, nextAllowedAt: freeAt || failure.nextAllowedAt });
};

const explainedByChannel = async (w: WriteSide, channelId: string, failure: GraphFailure, context: Context) => {
  await readSettings(w, channelId, stepOf(context, 'settings'));
  return { ...metaRefusal(failure), ...askingRefusal(await w.stateOf(channel, channelId), w.now()) };
};
