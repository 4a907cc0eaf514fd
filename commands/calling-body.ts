import { z } from 'zod';
import { DayOfWeek, Holiday, TimeOfDay, TimeZone } from '../domain/hours.ts';
import { overlapsIn } from '../domain/weekly-overlap.ts';

const Opening = z
  .strictObject({ day: DayOfWeek, open: TimeOfDay, close: TimeOfDay })
  .refine(({ open, close }) => open !== close && open !== '24:00', 'opens before "24:00" and closes at another time');
type Opening = z.infer<typeof Opening>;

const said = ({ day, open, close }: Opening) => `${day} ${open}-${close}`;

/** Meta takes no openings that overlap; one may begin when another ends. */
const Weekly = z
  .array(Opening)
  .max(50)
  .superRefine((weekly, { addIssue }) => {
    for (const { index, opening, other } of overlapsIn(weekly))
      addIssue({ code: 'custom', path: [index], message: `${said(opening)} overlaps ${said(other)}` });
  });

const Exception = z
  .strictObject(Holiday.shape)
  .refine(({ open, close }) => (open === undefined) === (close === undefined), 'needs both open and close, or neither')
  .refine(({ open, close }) => open === undefined || (open !== close && open !== '24:00'), 'closes when it opens');

const Holidays = z
  .array(Exception)
  .max(400)
  .superRefine((holidays, { addIssue }) => {
    for (const [index, { date }] of holidays.entries())
      if (holidays.findIndex((holiday) => holiday.date === date) < index)
        addIssue({ code: 'custom', path: [index], message: `${date} is listed twice` });
  });

/** Which calls a channel takes and when. */
export const CallingBody = z.strictObject({
  enabled: z.boolean(),
  userInitiated: z.strictObject({
    enabled: z.boolean(),
    workingHours: z.strictObject({ timezone: TimeZone, weekly: Weekly }).nullable().default(null),
    holidays: Holidays.default([]),
  }),
  callbackRequests: z.strictObject({ enabled: z.boolean() }).default({ enabled: false }),
});
