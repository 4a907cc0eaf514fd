import { z } from 'zod';
import type { Channel } from './channel.ts';
import { unixSeconds } from './webhook-parts.ts';
import type { World } from './world.ts';

const Switch = z.enum(['ENABLED', 'DISABLED']);
const Time = z.string().regex(/^([01]\d|2[0-3])[0-5]\d$/, 'a time is written HHMM');
const Day = z.enum(['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']);

const Opening = z
  .object({ day_of_week: Day, open_time: Time, close_time: Time })
  .refine(({ open_time, close_time }) => open_time < close_time, 'open_time must be before close_time');

/** At most two openings a day, which do not overlap. */
const Week = z
  .array(Opening)
  .min(1)
  .refine((week) => week.every((one) => sameDay(week, one).length <= 2), 'at most two openings a day')
  .refine((week) => week.every((one) => sameDay(week, one).every((other) => apart(one, other))), 'openings overlap');

const CallHours = z.object({
  status: Switch,
  timezone_id: z.string().refine(isTimeZone, 'unknown time zone'),
  weekly_operating_hours: Week,
  holiday_schedule: z
    .array(z.object({ date: z.iso.date(), start_time: Time, end_time: Time }))
    .max(20)
    .optional(),
});

const CallingSettings = z.strictObject({
  status: Switch,
  call_icon_visibility: z.enum(['DEFAULT', 'DISABLE_ALL']),
  callback_permission_status: Switch,
  call_hours: CallHours.optional(),
  call_icons: z.object({ restrict_to_user_countries: z.array(z.string().length(2)) }).optional(),
  srtp_key_exchange_protocol: z.enum(['DTLS', 'SDES']).optional(),
  audio: z.object({ additional_codecs: z.array(z.enum(['PCMA', 'PCMU'])) }).optional(),
  voicemail: z.looseObject({ status: Switch }).optional(),
  sip: z.object({ status: Switch, servers: z.array(z.looseObject({ hostname: z.string() })).default([]) }),
});
export type CallingSettings = z.infer<typeof CallingSettings>;

/** The body of `POST /{phoneNumberId}/settings`: the calling settings to change, each replaced as a whole. */
export const SettingsChange = z.object({ calling: CallingSettings.partial() });
export type SettingsChange = z.infer<typeof SettingsChange>;

/** A number nobody has set up: Meta leaves calling off; here it is on, so that a newcomer's first call gets through. */
export const defaultSettings: CallingSettings = {
  status: 'ENABLED',
  call_icon_visibility: 'DEFAULT',
  callback_permission_status: 'DISABLED',
  sip: { status: 'DISABLED', servers: [] },
};

/** Meta announces a change of these only; hours alone pass in silence. */
const announced = ({ status, call_icon_visibility, callback_permission_status, sip, ...rest }: CallingSettings) =>
  JSON.stringify([
    status,
    call_icon_visibility,
    callback_permission_status,
    sip.status,
    rest.srtp_key_exchange_protocol,
  ]);

/** Saves what changed, whoever changed it, and sends `account_settings_update` when Meta would. */
export function changeSettings(world: World, phoneNumberId: string, { calling }: SettingsChange) {
  const channel = world.channel(phoneNumberId);
  const before = channel.settings;
  const after: CallingSettings = { ...before, ...defined(calling) };
  channel.settings = after;
  if (calling.call_icon_visibility === 'DEFAULT') showButton(channel);
  if (announced(before) === announced(after)) return;
  world.send({
    about: phoneNumberId,
    field: 'account_settings_update',
    value: {
      messaging_product: 'whatsapp',
      timestamp: unixSeconds(world.clock.now()),
      type: 'phone_number_settings',
      phone_number_settings: { phone_number_id: phoneNumberId, calling: after },
    },
  });
}

/** Who shows the call button again ends the restriction that hid it, the only one without an end of its own. */
function showButton(channel: Channel) {
  channel.restrictions = channel.restrictions.filter(({ until }) => until !== undefined);
}

/** Drops the keys set to undefined, which would otherwise erase what was there. */
const defined = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

type Hours = z.infer<typeof Opening>;
const sameDay = (week: Hours[], { day_of_week }: Hours) => week.filter((other) => other.day_of_week === day_of_week);
const apart = (one: Hours, other: Hours) =>
  one === other || one.close_time <= other.open_time || other.close_time <= one.open_time;

function isTimeZone(name: string) {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
