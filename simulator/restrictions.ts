import { z } from 'zod';
import type { Channel } from './channel.ts';
import { Duration } from './duration.ts';
import { GraphError } from './graph-error.ts';
import { changeSettings } from './settings.ts';
import { displayNumber } from './webhook-parts.ts';
import type { World } from './world.ts';

const buttonHidden = 'RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN';
const both = 'RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING';

/** What a restriction of Meta's stops. */
const stops = {
  RESTRICTED_BUSINESS_INITIATED_CALLING: ['outgoing'],
  RESTRICTED_USER_INITIATED_CALLING: ['incoming'],
  [both]: ['outgoing', 'incoming', 'settings'],
  [buttonHidden]: [],
} as const satisfies Record<string, readonly string[]>;
type Stopped = (typeof stops)[keyof typeof stops][number];

const RestrictionType = z.enum(Object.keys(stops) as (keyof typeof stops)[]);

/** A restriction; one without `until` holds until the business shows its call button again. */
export type Restriction = {
  readonly type: z.infer<typeof RestrictionType>;
  readonly reason: string;
  readonly until?: number;
};

const week = 7 * 86_400_000;

/** What Meta imposes on a number: for seven days unless told otherwise; a hidden call button stays so until shown again. */
export const NewRestriction = z
  .strictObject({ type: RestrictionType, for: Duration.optional() })
  .refine((given) => given.type !== buttonHidden || given.for === undefined, {
    path: ['for'],
    error: 'a hidden call button has no end: the business shows it again',
  });

/** Meta's warnings. */
export const NewViolation = z.strictObject({
  type: z.enum([
    'LOW_BUSINESS_INITIATED_CALLING_QUALITY',
    'LOW_USER_INITIATED_CALLING_QUALITY',
    'LOW_CALLING_QUALITY',
    'USER_INITIATED_CALLS_LOW_PICKUP_RATE',
  ]),
});

/** Restricts a number from now on and says so; a restriction of the same type takes the place of the one before. */
export function restrict(world: World, phoneNumberId: string, given: z.infer<typeof NewRestriction>) {
  const channel = world.channel(phoneNumberId);
  const { type } = given;
  const reason = 'Customers do not want these calls, or nobody picks theirs up.';
  const end = type === buttonHidden ? {} : { until: wholeSecond(world.clock.now() + (given.for ?? week)) };
  channel.restrictions = [...channel.restrictions.filter((other) => other.type !== type), { type, reason, ...end }];
  tell(world, phoneNumberId, {
    event: 'ACCOUNT_RESTRICTION',
    restriction_info: [{ restriction_type: type, ...expiration(end) }],
  });
  if (type === buttonHidden) changeSettings(world, phoneNumberId, { calling: { call_icon_visibility: 'DISABLE_ALL' } });
}

/** Meta tells ends in whole seconds, and keeps to what it told. */
const wholeSecond = (at: number) => Math.ceil(at / 1_000) * 1_000;

/** Warns a number. */
export function warn(world: World, phoneNumberId: string, { type }: z.infer<typeof NewViolation>) {
  const remediation = 'Call customers who expect it, and pick up when they call.';
  tell(world, phoneNumberId, {
    event: 'ACCOUNT_VIOLATION',
    violation_info: { violation_type: type, remediation },
  });
}

const tell = (world: World, phoneNumberId: string, what: object) =>
  world.send({
    about: phoneNumberId,
    field: 'account_update',
    value: { phone_number: displayNumber(phoneNumberId), ...what },
  });

const expiration = ({ until }: { until?: number }) => (until === undefined ? {} : { expiration: until / 1_000 });

/** What is in force at `now`: restrictions end without any word from Meta. */
export const inForce = ({ restrictions }: Channel, now: number): readonly Restriction[] =>
  restrictions.filter(({ until }) => until === undefined || until > now);

/** The restriction that stops this, if any. */
export const restrictionOn = (channel: Channel, what: Stopped, now: number): Restriction | undefined =>
  inForce(channel, now).find(({ type }) => (stops[type] as readonly Stopped[]).includes(what));

/** Throws Meta's error where a restriction stops this. */
export function checkRestriction(channel: Channel, what: Stopped, now: number) {
  const restriction = restrictionOn(channel, what, now);
  if (restriction) throw new GraphError(138014, `${channel.id} is under ${restriction.type}.`);
}

/** The `restrictions` of the calling settings, where there are any. */
export function restrictionsReport(channel: Channel, now: number) {
  const list = inForce(channel, now).map(({ type, reason, ...end }) => ({ type, reason, ...expiration(end) }));
  return list.length > 0 ? { restrictions: { restrictions_list: list } } : {};
}
