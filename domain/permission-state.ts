import type { z } from 'zod';
import type { EventOf } from './decider.ts';
import type { GrantSource, OutgoingResult, PairLimit, permissionEvents, RevokedBecause } from './permission-events.ts';
import type { Instant } from './time.ts';

export type PermissionEvent = EventOf<typeof permissionEvents>;

export type PermissionRequest = {
  readonly requestId: string;
  readonly at: Instant;
  readonly messageId: string | null;
  /** False when it failed: Meta refused it, could not deliver it, or never had it. */
  readonly counts: boolean;
  readonly failure: 'refused' | 'undelivered' | 'lost' | null;
  /** When we knew that Meta has it. */
  readonly sentAt: Instant | null;
  readonly deliveredAt: Instant | null;
  readonly answeredAt: Instant | null;
  readonly expired: boolean;
};

type Grant = {
  readonly kind: 'none' | 'temporary' | 'permanent';
  /** When it became so. */
  readonly since: Instant;
  readonly until: Instant | null;
  readonly source: z.infer<typeof GrantSource> | null;
  readonly callId: string | null;
  /** Why there is none. */
  readonly lost: 'never' | 'expired' | 'revoked';
  readonly revokedBecause: RevokedBecause | null;
};

/** How a call with the customer ended, or that it connected. */
export type PastCall = {
  readonly callId: string;
  readonly at: Instant;
  readonly result: OutgoingResult | 'incoming_connected' | 'incoming_ended';
};

/** A request or a call that counts towards a limit; `id` is `null` where only Meta knows of it. */
export type Counting = { readonly at: Instant; readonly id: string | null };

/** What Meta said of a limit, and when we asked. */
export type MetaLimit = Pick<PairLimit, 'action' | 'period' | 'maxAllowed'> & {
  readonly at: Instant;
  readonly counting: readonly Counting[];
};

/** Meta refused at a moment, and we wait until another. */
type Wait = { readonly at: Instant; readonly until: Instant };

/** The customer's last word; `heard`: which answers were heard that say something of the same second. */
type LastReply = {
  readonly at: Instant;
  readonly accepted: boolean;
  readonly permanent: boolean;
  readonly heard: readonly string[];
};

export type Permission = {
  readonly grant: Grant;
  /** The permission that unanswered calls cost us; it returns if one of them turns out to have been answered. */
  readonly takenBack: Grant | null;
  readonly requests: readonly PermissionRequest[];
  readonly declinedAt: Instant | null;
  readonly lastReply: LastReply | null;
  readonly liveCalls: readonly { callId: string; direction: 'incoming' | 'outgoing' }[];
  /** In order of time. */
  readonly pastCalls: readonly PastCall[];
  /** Unanswered calls up to here no longer count: a new permission has been granted since. */
  readonly streakFrom: Instant;
  /** When Meta was last asked and said otherwise than we believed: what is older is in its answer. */
  readonly reportedAt: Instant;
  /** The limits that Meta reported otherwise than we believed. */
  readonly metaLimits: readonly MetaLimit[];
  /** What Meta told us to wait for, where it refused and we had not expected it. */
  readonly metaWaits: { readonly request: Wait | null; readonly call: Wait | null };
};

export const noGrant: Grant = {
  kind: 'none',
  since: 0,
  until: null,
  source: null,
  callId: null,
  lost: 'never',
  revokedBecause: null,
};

export const initialPermission: Permission = {
  grant: noGrant,
  takenBack: null,
  requests: [],
  declinedAt: null,
  lastReply: null,
  liveCalls: [],
  pastCalls: [],
  streakFrom: 0,
  reportedAt: 0,
  metaLimits: [],
  metaWaits: { request: null, call: null },
};

/** Whether both sides spoke, whoever called. */
export const connects = ({ result }: PastCall) => result === 'connected' || result === 'incoming_connected';

/** Whether a call connected, as far as is known. */
export const hasSpoken = (s: Permission, callId: string) =>
  s.pastCalls.some((past) => past.callId === callId && connects(past));
