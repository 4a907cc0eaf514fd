import { evolve } from './permission-evolve.ts';
import type { PermissionPolicy } from './permission-policy.ts';
import { requestExpiresAt } from './permission-reply.ts';
import type { Permission, PermissionEvent, PermissionRequest } from './permission-state.ts';
import type { Instant } from './time.ts';

type Pair = { readonly channelId: string; readonly customerId: string; readonly ticketId: string | null };
type Events = readonly PermissionEvent[];
type Policies = readonly PermissionPolicy[];

/** The end of a request that time alone has brought by an instant; `null` when it has none yet. */
export const requestExpiry = (request: PermissionRequest, by: Instant, policies: Policies, pair: Pair) => {
  const at = requestExpiresAt(request, policies);
  if (request.expired || at === null || by < at) return null;
  const because = request.answeredAt === null ? 'no_answer' : 'answered_long_ago';
  return { type: 'PermissionRequestExpired', at, ...pair, requestId: request.requestId, because } as const;
};

/** The end of a temporary permission, likewise. */
export const grantExpiry = ({ grant: { kind, until } }: Permission, by: Instant, pair: Pair) =>
  kind === 'temporary' && until !== null && until <= by
    ? ({ type: 'PermissionExpired', at: until, ...pair } as const)
    : null;

/** All that had ended by an instant and of which no timer has told yet: it may be late, as after a downtime. */
const overdue = (s: Permission, by: Instant, policies: Policies, pair: Pair): Events =>
  [...s.requests.map((request) => requestExpiry(request, by, policies, pair)), grantExpiry(s, by, pair)]
    .filter((event) => event !== null)
    .toSorted((a, b) => a.at - b.at);

/** Decides as if no timer were late: what had ended before is recorded first. Where nothing new happens it is left to its timer. */
export const inTime =
  (policies: Policies) =>
  <C extends { at: Instant } & Pair>(decide: (s: Permission, c: C) => Events) =>
  (s: Permission, c: C): Events => {
    const { at, channelId, customerId, ticketId } = c;
    const ended = overdue(s, at, policies, { channelId, customerId, ticketId });
    const events = decide(ended.reduce(evolve, s), c);
    return events.length === 0 ? [] : [...ended, ...events];
  };
