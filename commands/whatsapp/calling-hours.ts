import { Temporal } from 'temporal-polyfill';
import type { Calling } from '../../domain/channel.ts';
import { DayOfWeek, type Holiday, type WorkingHours } from '../../domain/hours.ts';
import type { Instant } from '../../domain/time.ts';

type Day = WorkingHours['weekly'][number]['day'];

/** Hours as Meta takes them: times are "HHMM" of the zone, at most two openings a day, each within its day. */
export type CallHours = {
  readonly status: 'ENABLED' | 'DISABLED';
  readonly timezone_id: string;
  readonly weekly_operating_hours: readonly { day_of_week: Day; open_time: string; close_time: string }[];
  readonly holiday_schedule?: readonly { date: string; start_time: string; end_time: string }[];
};

/** From and until, in minutes after midnight. */
type Span = { readonly from: number; readonly until: number };

const midnight = 24 * 60;
/** The last time of day that Meta can say. */
const lastMinute = midnight - 1;
const openingsPerDay = 2;
const holidaysAtMost = 20;

const allWeek = DayOfWeek.options.map((day) => ({ day, open: '00:00', close: '24:00' }));

/**
 * Our hours in Meta's words. What Meta cannot say is said as openly as it can be, for calls outside our hours are judged here:
 * an opening past midnight becomes one on each day, the narrowest gaps of a day with more than two openings are bridged,
 * "24:00" is 23:59, and of the holidays the next twenty are told. Meta knows no closed day: a holiday without an opening is
 * open for the first minute of its date. No hours at all, and hours that never open, are `DISABLED`, which is "always".
 */
export const callHours = ({ workingHours, holidays }: Calling, now: Instant): CallHours => {
  const timezone = workingHours?.timezone ?? 'UTC';
  const weekly = week(workingHours?.weekly ?? allWeek);
  const isLimited = weekly.length > 0 && (workingHours !== null || holidays.length > 0);
  const told = holidaysFrom(dateIn(timezone, now), holidays);
  return {
    status: isLimited ? 'ENABLED' : 'DISABLED',
    timezone_id: timezone,
    weekly_operating_hours: weekly.length > 0 ? weekly : week(allWeek),
    ...(told.length > 0 && { holiday_schedule: told }),
  };
};

const dateIn = (timezone: string, now: Instant) =>
  Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone).toPlainDate().toString();

const holidaysFrom = (today: string, holidays: readonly Holiday[]) =>
  [...new Map(holidays.toReversed().map((holiday) => [holiday.date, holiday])).values()] // of two for one date we too go by the first
    .filter(({ date }) => date >= today)
    .toSorted((a, b) => a.date.localeCompare(b.date))
    .slice(0, holidaysAtMost)
    .map(({ date, open, close }) => ({ date, ...openingOf(open, close) }));

const openingOf = (open: string | undefined, close: string | undefined) => {
  if (open === undefined || close === undefined) return { start_time: '0000', end_time: '0001' };
  const { from, until } = spanOf(open, close);
  return { start_time: written(Math.min(from, lastMinute - 1)), end_time: written(until) };
};

const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const written = (minute: number) => {
  const said = Math.min(minute, lastMinute);
  return `${String(Math.floor(said / 60)).padStart(2, '0')}${String(said % 60).padStart(2, '0')}`;
};

/** The part of an opening that lies on its own day. */
const spanOf = (open: string, close: string): Span => ({
  from: minuteOf(open),
  until: close > open ? minuteOf(close) : midnight,
});

const week = (weekly: WorkingHours['weekly']) =>
  DayOfWeek.options.flatMap((day, index) => {
    const before = DayOfWeek.options.at(index - 1);
    const today = weekly.filter((entry) => entry.day === day).map(({ open, close }) => spanOf(open, close));
    const overnight = weekly
      .filter((entry) => entry.day === before && entry.close < entry.open)
      .map(({ close }) => ({ from: 0, until: minuteOf(close) }));
    return bridged(joined([...today, ...overnight])).map(({ from, until }) => ({
      day_of_week: day,
      open_time: written(from),
      close_time: written(until),
    }));
  });

/** In order, without those that Meta's clock cannot tell from nothing; what touches or overlaps is one. */
const joined = (spans: readonly Span[]): readonly Span[] => {
  const apart: Span[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    if (Math.min(span.until, lastMinute) <= span.from) continue;
    const last = apart.at(-1);
    if (last && span.from <= last.until) apart.splice(-1, 1, { ...last, until: Math.max(last.until, span.until) });
    else apart.push(span);
  }
  return apart;
};

const bridged = (spans: readonly Span[]): readonly Span[] => {
  if (spans.length <= openingsPerDay) return spans;
  const gaps = spans.slice(1).map(({ from }, n) => from - (spans[n]?.until ?? 0));
  const narrowest = gaps.indexOf(Math.min(...gaps));
  const [left, right] = spans.slice(narrowest, narrowest + 2) as [Span, Span];
  return bridged(spans.toSpliced(narrowest, 2, { from: left.from, until: right.until }));
};
