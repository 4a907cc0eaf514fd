import { permission } from '../domain/permission.ts';
import type { Permission } from '../domain/permission-state.ts';
import type { Instant } from '../domain/time.ts';
import { stateProjection } from './state-projection.ts';

export type PermissionView = {
  readonly channelId: string;
  readonly customerId: string;
  readonly state: 'none' | 'temporary' | 'permanent' | 'expired' | 'revoked';
  readonly until: Instant | null;
  readonly source: string | null;
  readonly requests: Permission['requests'];
  readonly changedAt: Instant;
  /** The event that decided the state as it is. */
  readonly decidedBy: string | null;
};

/** What a permission amounts to, as far as events tell; a temporary one may have run out since. */
export const permissionStateOf = ({ grant }: Permission): PermissionView['state'] => {
  if (grant.kind !== 'none') return grant.kind;
  return grant.lost === 'never' ? 'none' : grant.lost;
};

const deciding: ReadonlySet<string> = new Set([
  'PermissionGranted',
  'PermissionDeclined',
  'PermissionRevoked',
  'PermissionExpired',
]);

/** May we call a customer: the state behind every verdict. Keys are `<channelId>.<customerId>`. */
export const permissions = stateProjection({
  of: permission,
  name: 'permissions',
  version: 3,
  indexes: [[{ store: 1, 'doc.customerId': 1 }]],
  view: (state, { event, id }, before: PermissionView | null): PermissionView => ({
    channelId: event.channelId,
    customerId: event.customerId,
    state: permissionStateOf(state),
    until: state.grant.until,
    source: state.grant.source,
    requests: state.requests,
    changedAt: event.at,
    decidedBy: deciding.has(event.type) ? id : (before?.decidedBy ?? null),
  }),
});
