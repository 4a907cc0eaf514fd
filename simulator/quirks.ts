import type { Webhook } from './outbox.ts';
import { seededRandom } from './random.ts';
import { rewritten, withoutNumber } from './webhook-parts.ts';

type Item = Readonly<Record<string, unknown>>;
type Value = { readonly calls?: readonly Item[]; readonly statuses?: readonly Item[]; readonly errors?: unknown };

/** What a webhook tells of a call: connect, terminate, RINGING, ACCEPTED, REJECTED; undefined for anything else. */
const happening = ({ field, value }: Webhook) => {
  if (field !== 'calls') return undefined;
  const { calls, statuses }: Value = value;
  return calls?.[0]?.event ?? statuses?.[0]?.status;
};

const callOf = ({ value }: Webhook) => {
  const { calls, statuses }: Value = value;
  return String((calls?.[0] ?? statuses?.[0])?.id);
};

/** The webhook with the call it tells of changed. */
const withCall = (webhook: Webhook, change: (call: Item) => Item): Webhook => {
  const { calls = [] }: Value = webhook.value;
  return { ...webhook, value: { ...webhook.value, calls: calls.map(change) } };
};

const isOurs = ({ field }: Webhook) => field === 'calls' || field === 'messages';
const isOutgoing = (webhook: Webhook) =>
  webhook.field === 'calls' && (webhook.value as Value).calls?.[0]?.direction === 'BUSINESS_INITIATED';

const moment = /^(timestamp|start_time|end_time|expiration_timestamp)$/;
const titled = (word: string) => word.charAt(0) + word.slice(1).toLowerCase();

/** Ways of Meta's that its documents do not promise, each as what becomes of one webhook: none, one or two. */
const rewrites = {
  /** Nobody's number is told: customers are known by their business-scoped ids alone. */
  number_hidden: (webhook) => [webhook.waId === undefined ? webhook : withoutNumber(webhook)],
  /** Outgoing calls come without `contacts`. */
  contacts_missing: (webhook) => {
    const { contacts: _, ...rest } = webhook.value as { contacts?: unknown };
    return [isOutgoing(webhook) ? { ...webhook, value: rest } : webhook];
  },
  /** Moments are numbers, as older pages have them. */
  numeric_timestamps: (webhook) => [
    isOurs(webhook)
      ? rewritten(webhook, (key, value) => (moment.test(key) && typeof value === 'string' ? Number(value) : value))
      : webhook,
  ],
  /** Replies to requests do not say whether they are permanent. */
  is_permanent_missing: (webhook) => [
    isOurs(webhook) ? rewritten(webhook, (key, value) => (key === 'is_permanent' ? undefined : value)) : webhook,
  ],
  /** Statuses of calls are written Completed, Failed, Ringing; the type of changed settings in capitals. */
  other_case: (webhook) => [
    rewritten(webhook, (key, value) => {
      if (webhook.field === 'calls' && key === 'status') return titled(String(value));
      return value === 'phone_number_settings' ? 'PHONE_NUMBER_SETTINGS' : value;
    }),
  ],
  /** Errors stand in the call instead of beside it. */
  errors_in_call: (webhook) => {
    const { errors, ...value }: Value = webhook.value;
    return [errors && happening(webhook) ? withCall({ ...webhook, value }, (call) => ({ ...call, errors })) : webhook];
  },
  /** Errors stand in the call and beside it. */
  errors_twice: (webhook) => {
    const { errors }: Value = webhook.value;
    return [errors && happening(webhook) ? withCall(webhook, (call) => ({ ...call, errors })) : webhook];
  },
  /** The pick-up of an outgoing call is never told; the end tells how long it lasted. */
  accepted_lost: (webhook) => (happening(webhook) === 'ACCEPTED' ? [] : [webhook]),
  /** A call ends twice, the second time after 0 seconds. */
  terminate_twice: (webhook) =>
    happening(webhook) === 'terminate' ? [webhook, withCall(webhook, (call) => ({ ...call, duration: 0 }))] : [webhook],
} satisfies Record<string, (webhook: Webhook) => readonly Webhook[]>;

/** What the `connect` of a call waits for, to come right after it. */
const waits = { terminate_first: 'terminate', accepted_first: 'ACCEPTED' } as const;

type Rewrite = keyof typeof rewrites;
type Wait = keyof typeof waits;
export type Quirk = Rewrite | Wait;

const rewriteNames = Object.keys(rewrites) as Rewrite[];
const waitNames = Object.keys(waits) as Wait[];

/** The names of all quirks. */
export const quirkNames: readonly Quirk[] = [...waitNames, ...rewriteNames];

type Options = { readonly quirks: readonly Quirk[]; readonly chance: number; readonly seed: number };

/**
 * Sends webhooks on with the quirks switched on, each drawn anew for every webhook with the probability `chance`; the
 * same seed and the same webhooks give the same draws.
 */
export function quirky(send: (webhook: Webhook) => void) {
  const held = new Map<string, { webhook: Webhook; until: string }>();
  let drawn: () => ReadonlySet<Quirk> = () => new Set();

  const release = (call: string) => {
    const waiting = held.get(call);
    held.delete(call);
    if (waiting) send(waiting.webhook);
  };

  /** A connect that waits for a pick-up which never comes goes out just before the end. */
  const sendInTurn = (webhook: Webhook, chosen: ReadonlySet<Quirk>) => {
    const what = happening(webhook);
    const call = callOf(webhook);
    const wait = waitNames.find((name) => chosen.has(name));
    if (what === 'connect' && wait && (wait === 'terminate_first' || isOutgoing(webhook))) {
      held.set(call, { webhook, until: waits[wait] });
      return;
    }
    const { until } = held.get(call) ?? {};
    if (until !== what && what === 'terminate') release(call);
    send(webhook);
    if (until === what) release(call);
  };

  return {
    send: (webhook: Webhook) => {
      const chosen = drawn();
      let all: readonly Webhook[] = [webhook];
      for (const name of rewriteNames) if (chosen.has(name)) all = all.flatMap(rewrites[name]);
      for (const one of all) sendInTurn(one, chosen);
    },
    /** Nothing waits any longer. */
    releaseAll: () => {
      for (const call of [...held.keys()]) release(call);
    },
    setQuirks: ({ quirks, chance, seed }: Options) => {
      const random = seededRandom(seed);
      drawn = () => new Set(quirks.filter(() => random() < chance));
    },
  };
}
