import { askingRefusal, channel } from '../domain/channel.ts';
import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import { refusedAction } from '../domain/permission-limits.ts';
import { defaultPolicies, policyAt } from '../domain/permission-policy.ts';
import { limitRefusal } from '../domain/permission-verdict.ts';
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
    return isRefusal(to) ? to : consultMeta(w, { channelId, to }, context);
  };

/** Meta's word on a permission, recorded; Meta sends none by itself when a customer takes it back in the profile. */
export const consultMeta = async (w: WriteSide, { channelId, to }: Whom, context: Context) => {
  const { customerId, waId, bsuid } = to;
  const at = w.now();
  const heard = await w.graph.callPermissions({ channelId, waId, bsuid });
  if (!heard.ok) return metaRefusal(heard);
  const pair = pairKey(channelId, customerId);
  const { ticketId } = await w.stateOf(conversation, pair);
  const report = { type: 'RecordMetaReport', at, channelId, customerId, ticketId, ...heard.standing } as const;
  const word = saidByMeta(stepOf(context, 'meta report'), channelId);
  return w.transact(permission, pair, report, word);
};

/** Meta has stopped the number's calls. */
const stopped = 138_014;

/** Meta's refusal in our words. Where it is news to us, Meta is asked how things stand: what is in the way, and until when. */
export const explained = async (
  w: WriteSide,
  whom: Whom,
  failure: GraphFailure,
  context: Context,
): Promise<Refusal> => {
  const { metaErrorCode } = failure;
  if (metaErrorCode === stopped) await readSettings(w, whom.channelId, stepOf(context, 'settings'));
  if (contradictsPermission(metaErrorCode)) await consultMeta(w, whom, context);
  const told = metaRefusal(failure);
  const known = await knownRefusal(w, whom, metaErrorCode);
  return { ...told, ...known, facts: { ...told.facts, ...known?.facts } };
};

/** What we know by then of what Meta refused. */
const knownRefusal = async (w: WriteSide, { channelId, to }: Whom, metaErrorCode: number | null) => {
  const at = w.now();
  if (metaErrorCode === stopped) return askingRefusal(await w.stateOf(channel, channelId), at);
  const action = refusedAction.get(metaErrorCode);
  if (action === undefined) return null;
  const state = await w.stateOf(permission, pairKey(channelId, to.customerId));
  return limitRefusal(state, action, at, policyAt(defaultPolicies, at));
};
