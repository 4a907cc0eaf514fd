const hours = (n: number) => n * 3_600_000;
const days = (n: number) => hours(n * 24);

/** How long a temporary permission lasts, and the customer service window, and a request's card. */
export const temporaryFor = days(7);
export const windowFor = hours(24);
export const cardFor = days(7);

/** Outgoing calls in a row, unanswered or declined, that cost the business the permission. */
export const unansweredToRevoke = 4;

/** How long a phone rings before nobody answered. */
export const ringFor = 60_000;

/** A limit over a rolling window; something exactly `span` ago no longer counts. */
export type Limit = { readonly period: string; readonly span: number; readonly allowed: number };

/** Requests for permission between one number and one customer, reset by any connected call. */
export const requestLimits: readonly Limit[] = [
  { period: 'PT24H', span: hours(24), allowed: 1 },
  { period: 'P7D', span: days(7), allowed: 2 },
];

/** Outgoing calls between one number and one customer that were picked up. */
export const callLimits: readonly Limit[] = [{ period: 'PT24H', span: hours(24), allowed: 10 }];

/** How far a limit is used up at `now`, and when it frees again if it is full. */
export function usage({ span, allowed }: Limit, instants: readonly number[], now: number) {
  const counted = instants.filter((at) => at > now - span);
  const freeing = counted.at(-allowed);
  return {
    used: counted.length,
    freeAt: counted.length >= allowed && freeing !== undefined ? freeing + span : undefined,
  };
}

/** When all limits are free again, or undefined when they are now. */
export function freeAgainAt(limits: readonly Limit[], instants: readonly number[], now: number): number | undefined {
  const waits = limits.map((limit) => usage(limit, instants, now).freeAt ?? 0);
  const latest = Math.max(...waits);
  return latest > 0 ? latest : undefined;
}
