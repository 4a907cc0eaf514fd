import { z } from 'zod';

const hours = (n: number) => n * 3_600_000;
const days = (n: number) => hours(n * 24);

/** How long a temporary permission lasts, and the customer service window, and a request's card. */
export const temporaryFor = days(7);
export const windowFor = hours(24);
export const cardFor = days(7);

/** How long a phone rings before nobody answered. */
export const ringFor = 60_000;

const Count = z.int().min(1).max(1_000_000);

/**
 * How much Meta allows: between one number and one customer the requests for permission, the outgoing calls that were
 * picked up and those in a row that were not (a word to the customer, then the end of the permission); of one number
 * the calls at once, the new outgoing calls, and the questions for permissions.
 */
export const Limits = z.strictObject({
  requestsPer24h: Count.default(1),
  requestsPer7d: Count.default(2),
  connectedPer24h: Count.default(10),
  unansweredToWarn: Count.default(2),
  unansweredToRevoke: Count.default(4),
  concurrentCalls: Count.default(1_000),
  callsPer24h: Count.default(10_000),
  queriesPerSecond: Count.default(100),
});
export type Limits = z.infer<typeof Limits>;

/** A limit over a rolling window; something exactly `span` ago no longer counts. */
export type Limit = { readonly period: string; readonly span: number; readonly allowed: number };

/** Requests for permission between one number and one customer, reset by any connected call. */
export const requestLimits = ({ requestsPer24h, requestsPer7d }: Limits): readonly Limit[] => [
  { period: 'PT24H', span: hours(24), allowed: requestsPer24h },
  { period: 'P7D', span: days(7), allowed: requestsPer7d },
];

/** Outgoing calls between one number and one customer that were picked up. */
export const connectedLimits = ({ connectedPer24h }: Limits): readonly Limit[] => [
  { period: 'PT24H', span: hours(24), allowed: connectedPer24h },
];

/** New outgoing calls of one number. */
export const placedLimits = ({ callsPer24h }: Limits): readonly Limit[] => [
  { period: 'PT24H', span: hours(24), allowed: callsPer24h },
];

/** Questions for the permissions that customers gave one number. */
export const queryLimits = ({ queriesPerSecond }: Limits): readonly Limit[] => [
  { period: 'PT1S', span: 1_000, allowed: queriesPerSecond },
];

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

/** What still counts for some limit, with one more at `now`. */
export function counting(limits: readonly Limit[], instants: readonly number[], now: number): number[] {
  const longest = Math.max(...limits.map(({ span }) => span));
  return [...instants.filter((at) => at > now - longest), now];
}
