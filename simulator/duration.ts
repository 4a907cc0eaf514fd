import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';

const day = 86_400_000;

/** Nobody waits longer than ten years. */
const longest = 3_653 * day;

const wanted = 'an ISO-8601 duration of time or days that goes forward, such as PT24H or P7D, up to ten years';

/** An ISO-8601 duration of time or days that goes forward (PT24H, P7D, PT0.5S), read as whole milliseconds. */
export const Duration = z.string({ error: wanted }).transform((text, context) => {
  const ms = milliseconds(text);
  if (ms >= 0 && ms <= longest) return ms;
  context.addIssue(wanted);
  return z.NEVER;
});

/** Up to a day, as a number of seconds or as a duration; read as seconds. */
export const Seconds = z
  .union([z.number(), Duration.transform((ms) => ms / 1_000)], {
    error: 'seconds, or an ISO-8601 duration such as PT20S',
  })
  .pipe(z.number().min(0).max(86_400));

/** NaN for what is no duration, and for months and years, whose length nobody knows. */
function milliseconds(text: string): number {
  try {
    return Math.round(Temporal.Duration.from(text).total('milliseconds'));
  } catch {
    return Number.NaN;
  }
}
