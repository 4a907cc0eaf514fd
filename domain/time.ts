import { z } from 'zod';

/** Milliseconds since the epoch, UTC. The domain never reads a clock: every instant arrives in a command. */
export const Instant = z.int().nonnegative();
export type Instant = z.infer<typeof Instant>;

export const seconds = (n: number) => n * 1_000;
export const minutes = (n: number) => seconds(n * 60);
export const hours = (n: number) => minutes(n * 60);
export const days = (n: number) => hours(n * 24);

/** Keeps the instants inside the window of length `span` that rolls up to `now`; one exactly `span` old is out. */
export const within = (span: number, now: Instant) => (at: Instant) => at > now - span;

/** The second an instant lies in, by its beginning: Meta tells time in whole seconds. */
export const wholeSecond = (at: Instant): Instant => at - (at % seconds(1));

/** Meta tells time in whole seconds: what it says of something that began a moment ago may seem to be before it. */
export const notBefore = (began: Instant) => (told: Instant) => Math.max(began, told);
