import { type Refusal, refuse } from '../../domain/decider.ts';
import type { GraphFailure } from './graph-reply.ts';

/** Meta's error codes in our words; what is not here is `meta.refused`, and no answer at all `meta.unreachable`. */
const codes: ReadonlyMap<number, string> = new Map([
  [138006, 'permission.none'],
  [138009, 'permission.request_limit_24h'],
  [138012, 'permission.connected_limit_24h'],
  [138017, 'permission.already_permanent'],
  [131047, 'permission.window_closed'],
  [138003, 'call.already_live'],
  [138000, 'channel.calling_disabled'],
  [138014, 'channel.calling_disabled'],
  [131055, 'channel.calling_disabled'],
  [138001, 'customer.unreachable'],
  [131026, 'customer.unreachable'],
  [4, 'meta.rate_limited'],
  [429, 'meta.rate_limited'],
  [613, 'meta.rate_limited'],
  [80007, 'meta.rate_limited'],
  [130429, 'meta.rate_limited'],
  [131056, 'meta.rate_limited'],
  [138002, 'meta.rate_limited'],
  [138005, 'meta.rate_limited'],
]);

/** The stable code of what Meta said. */
const refusalCode = (metaErrorCode: number | null): string =>
  metaErrorCode === null ? 'meta.unreachable' : (codes.get(metaErrorCode) ?? 'meta.refused');

/** What Meta said, as a refusal of ours. */
export const metaRefusal = ({ metaErrorCode, nextAllowedAt }: GraphFailure): Refusal =>
  refuse(refusalCode(metaErrorCode), {
    ...(nextAllowedAt !== null && { retryAt: nextAllowedAt }),
    facts: { metaErrorCode },
  });

/** Meta's own passing faults. */
const passing: ReadonlySet<number | null> = new Set([1, 2, 131_000, 131_016]);

/** Whether the same request may be taken a little later: Meta was busy, faulty, or out of reach. */
export const maySoonPass = ({ outcome, metaErrorCode }: GraphFailure): boolean =>
  outcome === 'unknown' ||
  passing.has(metaErrorCode) ||
  ['meta.unreachable', 'meta.rate_limited'].includes(refusalCode(metaErrorCode));

/** Answers that contradict what we believed of a permission, and so must be recorded there. */
const disagreements: ReadonlySet<number> = new Set([138006, 138009, 138012, 138017]);
export const contradictsPermission = (metaErrorCode: number | null): metaErrorCode is number =>
  metaErrorCode !== null && disagreements.has(metaErrorCode);
