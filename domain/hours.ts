import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import type { Instant } from './time.ts';

export const DayOfWeek = z.enum(['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']);
/** Local time of day, "HH:MM"; a closing time may be "24:00", or earlier than the opening: then it is the next day's. */
export const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'a time of day such as "09:30"');

/** A zone as it is written, whatever case it came in; `null` when there is no such zone. */
const zoneNamed = (name: string): string | null => {
  try {
    return Temporal.PlainDate.from('2026-01-01').toZonedDateTime(name).timeZoneId;
  } catch {
    return null;
  }
};

const zoneExample = 'an IANA time zone such as "Asia/Kolkata"';

/** A named zone: an offset knows no summer time, and Meta takes none. */
export const TimeZone = z
  .string()
  .regex(/^[A-Za-z][\w+-]*(\/[\w+-]+)*$/, zoneExample)
  .refine((name) => zoneNamed(name) !== null, zoneExample)
  .overwrite((name) => zoneNamed(name) ?? name);

/** Whether two names, of which one may be an old one, stand for the same zone. */
export const isSameZone = (a: string, b: string): boolean => {
  const [here, there] = [zoneNamed(a), zoneNamed(b)];
  if (here === null || there === null) return a === b;
  const start = Temporal.Instant.fromEpochMilliseconds(0);
  return start.toZonedDateTimeISO(here).equals(start.toZonedDateTimeISO(there));
};

export const WorkingHours = z.object({
  timezone: z.string().refine((name) => zoneNamed(name) !== null, zoneExample),
  weekly: z.array(z.object({ day: DayOfWeek, open: TimeOfDay, close: TimeOfDay })),
});
export type WorkingHours = z.infer<typeof WorkingHours>;

/** A date that overrides the weekly hours: closed, or open only between these times. */
export const Holiday = z.object({ date: z.iso.date(), open: TimeOfDay.optional(), close: TimeOfDay.optional() });
export type Holiday = z.infer<typeof Holiday>;

/** The same hours every day, "HH:MM" local to a zone; from later than until runs past midnight. */
export const DailyHours = z.object({ timezone: z.string(), from: z.string(), until: z.string() });
export type DailyHours = z.infer<typeof DailyHours>;

/** Whether an instant lies in these hours of its day; their first minute counts, `until` itself does not. */
export const isBetween = ({ timezone, from, until }: DailyHours, at: Instant): boolean => {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone).toPlainTime();
  const time = local.toString({ smallestUnit: 'minute' });
  return from < until ? from <= time && time < until : from <= time || time < until;
};

export type Openness = { readonly open: boolean; readonly opensAt: Instant | null };

type Interval = { readonly from: Instant; readonly until: Instant };

/** Whether these hours are open at an instant and, if not, when they next open. No hours set means always open. */
export const openness = (hours: WorkingHours | null, holidays: readonly Holiday[], at: Instant): Openness => {
  if (hours === null && holidays.length === 0) return { open: true, opensAt: null };
  const zone = hours?.timezone ?? 'UTC';
  const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate();
  for (const date of datesFrom(today, holidays)) {
    const next = intervalsOn(date, zone, hours, holidays).find(({ until }) => until > at);
    if (next) return next.from <= at ? { open: true, opensAt: null } : { open: false, opensAt: next.from };
  }
  return { open: false, opensAt: null };
};

/** Yesterday may last past midnight; a week, and a day more for every holiday, meets every day of the week, and another week for one whose opening the clocks skip; a holiday may open by itself. */
function* datesFrom(today: Temporal.PlainDate, holidays: readonly Holiday[]) {
  for (let day = -1; day <= 14 + holidays.length; day++) yield today.add({ days: day });
  yield* holidays.map(({ date }) => Temporal.PlainDate.from(date)).toSorted(Temporal.PlainDate.compare);
}

const intervalsOn = (
  date: Temporal.PlainDate,
  zone: string,
  hours: WorkingHours | null,
  holidays: readonly Holiday[],
): readonly Interval[] => {
  const tomorrow = date.add({ days: 1 });
  const last = holidayOn(tomorrow, holidays) ? startOf(tomorrow, zone) : Number.POSITIVE_INFINITY;
  return timesOn(date, hours, holidays)
    .map(({ open, close }) => ({
      from: instantOf(date, open, zone),
      until: Math.min(last, instantOf(close > open ? date : tomorrow, close, zone)),
    }))
    .filter(({ from, until }) => until > from)
    .toSorted((a, b) => a.from - b.from);
};

const holidayOn = (date: Temporal.PlainDate, holidays: readonly Holiday[]) =>
  holidays.find((holiday) => holiday.date === date.toString());

const timesOn = (date: Temporal.PlainDate, hours: WorkingHours | null, holidays: readonly Holiday[]) => {
  const holiday = holidayOn(date, holidays);
  if (holiday) return holiday.open && holiday.close ? [{ open: holiday.open, close: holiday.close }] : [];
  if (hours === null) return [{ open: '00:00', close: '24:00' }];
  const day = DayOfWeek.options[date.dayOfWeek - 1];
  return hours.weekly.filter((entry) => entry.day === day);
};

const startOf = (date: Temporal.PlainDate, timeZone: string) => date.toZonedDateTime({ timeZone }).epochMilliseconds;

/** A time that the clocks skip is the moment they jump; one that comes twice is its first. */
const instantOf = (date: Temporal.PlainDate, time: string, timeZone: string): Instant => {
  if (time === '24:00') return startOf(date.add({ days: 1 }), timeZone);
  const plainTime = Temporal.PlainTime.from(time);
  const local = date.toPlainDateTime(plainTime).toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  const isSkipped = !local.toPlainTime().equals(plainTime); // it is the time before the gap then
  return (isSkipped ? (local.getTimeZoneTransition('next') ?? local) : local).epochMilliseconds;
};
