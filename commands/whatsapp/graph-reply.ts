import { z } from 'zod';
import type { Instant } from '../../domain/time.ts';

/** Why Meta did not do what we asked. `unknown`: timed out or connection lost after sending, so it may have happened. */
export type GraphFailure = {
  readonly ok: false;
  readonly outcome: 'refused' | 'unknown';
  readonly metaErrorCode: number | null;
  /** For people; never holds a number, a name or a token. */
  readonly detail: string;
  readonly nextAllowedAt: Instant | null;
};

/** A failure with what decides whether asking again is safe: the HTTP status, and for how long Meta asks us to wait. */
export type Failed = { readonly failure: GraphFailure; readonly status: number | null; readonly waitMs: number | null };

const MetaError = z.object({
  error: z.object({ code: z.int(), message: z.string().catch(''), error_data: z.unknown().optional() }),
});

const neverSent: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

const failed = (outcome: GraphFailure['outcome'], detail: string, status: number | null = null): Failed => ({
  failure: {
    ok: false,
    outcome,
    metaErrorCode: outcome === 'refused' ? status : null, // the HTTP status, where Meta gave no code of its own
    detail,
    nextAllowedAt: null,
  },
  status,
  waitMs: null,
});

/** A request that got no answer at all. */
export const noAnswer = (fault: unknown): Failed => {
  const code =
    fault instanceof Error && fault.cause instanceof Error && 'code' in fault.cause ? fault.cause.code : null;
  return neverSent.has(code)
    ? failed('refused', 'Meta could not be reached; nothing was sent.')
    : failed('unknown', 'Meta gave no answer in time; it may have happened.');
};

/** An answer of a shape that tells nothing: with a server's fault nobody knows whether it happened. */
const unreadable = (status: number): Failed =>
  status >= 400 && status < 500
    ? failed('refused', `Meta refused with status ${status}.`, status)
    : failed('unknown', `Meta answered ${status} with nothing readable.`, status);

/** Meta says when it would allow it in prose or as a field of its own: Unix seconds, or an ISO time. */
const nextAllowedIn = (data: unknown): Instant | null => {
  const text = JSON.stringify(data ?? null);
  const unix = /(?<!\d)[12]\d{9}(?!\d)/.exec(text)?.[0];
  if (unix) return Number(unix) * 1_000;
  const iso = /\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)/.exec(text)?.[0];
  const at = iso ? Date.parse(iso) : Number.NaN;
  return Number.isNaN(at) ? null : at;
};

const waits: ReadonlySet<number> = new Set([138009, 138012]);
const isOurs = (code: number) => code >= 131_000;

/** Meta's error answer. Its own general faults of status 5xx leave open whether it happened. */
export const failedAnswer = (status: number, retryAfter: string | null, body: unknown): Failed => {
  const waitMs = retryAfter === null ? null : Number(retryAfter) * 1_000 || null;
  const parsed = MetaError.safeParse(body);
  if (!parsed.success) return { ...unreadable(status), waitMs };
  const { code, message, error_data } = parsed.data.error;
  return {
    status,
    waitMs,
    failure: {
      ok: false,
      outcome: status >= 500 && !isOurs(code) ? 'unknown' : 'refused',
      metaErrorCode: code,
      detail: message.replace(/\d{7,}/g, '…'),
      nextAllowedAt: waits.has(code) ? nextAllowedIn(error_data) : null,
    },
  };
};
