import { DayOfWeek, type WorkingHours } from './hours.ts';

type Opening = WorkingHours['weekly'][number];

const dayLong = 24 * 60;
const weekLong = 7 * dayLong;

const minuteOf = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** In minutes since the week began; one that closes earlier than it opens lasts until the next day. */
const spanOf = ({ day, open, close }: Opening) => {
  const from = DayOfWeek.options.indexOf(day) * dayLong + minuteOf(open);
  const length = minuteOf(close) - minuteOf(open);
  return { from, until: from + (length > 0 ? length : length + dayLong) };
};

/** Whether both are open at one moment of some week; where one closes when the other opens, they are not. */
const overlap = (a: Opening, b: Opening) => {
  const [first, second] = [spanOf(a), spanOf(b)];
  const meetsAfter = (shift: number) => first.from + shift < second.until && second.from < first.until + shift;
  return [-weekLong, 0, weekLong].some(meetsAfter);
};

/** The openings that overlap an earlier one of the list, each with that one and its own place. */
export const overlapsIn = (weekly: readonly Opening[]) =>
  weekly.flatMap((opening, index) => {
    const other = weekly.slice(0, index).find((earlier) => overlap(earlier, opening));
    return other ? [{ index, opening, other }] : [];
  });
