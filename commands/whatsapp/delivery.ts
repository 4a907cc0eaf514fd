import { z } from 'zod';

/** May be absent, null or of another type than documented: then it is `null`. */
export const maybe = <S extends z.ZodType>(schema: S) =>
  schema
    .nullish()
    .transform((value) => value ?? null)
    .catch(null);

const id = z.union([z.string().min(1), z.number().transform(String)]);
const list = z.array(z.unknown()).catch([]);

/** Written as a number or as a string. */
export const Digits = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]);

/** Unix seconds, in ms. */
export const Seconds = Digits.pipe(z.int().positive()).transform((seconds) => seconds * 1_000);

export const lowerCase = z.string().transform((text) => text.toLowerCase());

export const Delivery = z.object({ entry: z.array(z.unknown()) });
export const Entry = z.object({ id: maybe(id), time: maybe(Seconds), changes: z.array(z.unknown()) });
export type Entry = z.infer<typeof Entry>;
export const Change = z.object({ field: z.string(), value: z.looseObject({}) });

const Contact = z.object({
  profile: maybe(z.object({ name: maybe(z.string()) })),
  wa_id: maybe(id),
  user_id: maybe(id),
});
export type Contact = z.infer<typeof Contact>;

const MetaError = z.object({ code: z.coerce.number().pipe(z.int()) });

/** The `value` of a `calls` or `messages` change. */
export const Value = z.object({
  metadata: z.object({ phone_number_id: id }),
  contacts: z.array(Contact).catch([]),
  calls: list,
  statuses: list,
  messages: list,
  errors: z.array(MetaError).catch([]),
});
export type Value = z.infer<typeof Value>;

/** One element of `calls[]`. `connection` is a legacy copy of the session and is not read. */
export const CallItem = z.object({
  id,
  event: lowerCase,
  direction: z.string().transform((text) => text.toUpperCase()),
  timestamp: maybe(Seconds),
  from: maybe(id),
  from_user_id: maybe(id),
  session: maybe(z.object({ sdp: maybe(z.string()) })),
  cta_payload: maybe(z.string()),
  deeplink_payload: maybe(z.string()),
  biz_opaque_callback_data: maybe(id),
  status: maybe(lowerCase),
  start_time: maybe(Seconds),
  end_time: maybe(Seconds),
  duration: maybe(z.coerce.number().pipe(z.int().nonnegative())),
  errors: z.array(MetaError).catch([]),
  terminate_reason: maybe(lowerCase),
});
export type CallItem = z.infer<typeof CallItem>;

/** One element of `statuses[]`: of an outgoing call (`type` is `call`) or of a message. */
export const StatusItem = z.object({
  id,
  type: maybe(lowerCase),
  status: lowerCase,
  timestamp: maybe(Seconds),
  recipient_id: maybe(id),
  recipient_user_id: maybe(id),
  biz_opaque_callback_data: maybe(id),
  errors: z.array(MetaError).catch([]),
});
export type StatusItem = z.infer<typeof StatusItem>;

const PermissionReply = z.object({
  response: z.enum(['accept', 'reject']),
  is_permanent: maybe(z.boolean()),
  expiration_timestamp: maybe(Seconds),
  response_source: maybe(lowerCase),
});

/** One element of `messages[]`; a permission reply is known by its inner object, whatever the types say. */
export const MessageItem = z.object({
  id,
  type: maybe(lowerCase),
  timestamp: maybe(Seconds),
  from: maybe(id),
  from_user_id: maybe(id),
  context: maybe(z.object({ id: maybe(id) })),
  interactive: maybe(z.object({ call_permission_reply: maybe(PermissionReply) })),
});
export type MessageItem = z.infer<typeof MessageItem>;

const upperCase = z.string().transform((text) => text.toUpperCase());

const HoursReport = z.object({
  status: maybe(upperCase),
  timezone_id: maybe(z.string()),
  weekly_operating_hours: z
    .array(z.object({ day_of_week: upperCase, open_time: z.string(), close_time: z.string() }))
    .catch([]),
});

const RestrictionList = z.object({
  restrictions_list: z.array(z.object({ type: z.string(), expiration: maybe(Seconds) })),
});

/** What Meta holds of a number's calling settings, as far as we can hold it too, and what it has stopped there. */
const SettingsReport = z.object({
  status: maybe(upperCase),
  call_icon_visibility: maybe(upperCase),
  callback_permission_status: maybe(upperCase),
  call_hours: maybe(HoursReport),
  sip: maybe(z.object({ status: maybe(upperCase) })),
  restrictions: maybe(RestrictionList),
});
export type SettingsReport = z.infer<typeof SettingsReport>;

const told = RestrictionList.nullish();

/** All of a number's settings, as Meta answers when it is asked: restrictions that it does not name are none. */
export const Settings = z
  .object({ calling: SettingsReport.extend({ restrictions: told }), restrictions: told })
  .transform(({ calling, restrictions }) => ({
    ...calling,
    restrictions: calling.restrictions ?? restrictions ?? { restrictions_list: [] },
  }));

/** The `value` of an `account_settings_update` change; `calling` is null where other settings changed. */
export const SettingsUpdate = z.object({
  timestamp: maybe(Seconds),
  phone_number_settings: z.object({
    phone_number_id: id,
    calling: SettingsReport.nullish().transform((calling) => calling ?? null),
  }),
});

const Restriction = z.object({ restriction_type: z.string(), expiration: maybe(Seconds) });

/** The `value` of an `account_update` change. */
export const AccountUpdate = z.object({
  phone_number: maybe(id),
  event: z.string(),
  restriction_info: z.array(Restriction).catch([]),
  violation_info: maybe(z.object({ violation_type: z.string() })),
});
export type AccountUpdate = z.infer<typeof AccountUpdate>;
