import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import type { PairLimit, PermissionStanding } from '../../domain/permission-events.ts';
import type { Instant } from '../../domain/time.ts';
import { Digits, lowerCase, maybe, Seconds } from './delivery.ts';

const isWithout: ReadonlySet<string> = new Set(['no_permission', 'pending', 'denied', 'expired']);
const isHeld: ReadonlySet<string> = new Set(['temporary', 'permanent', 'granted']);

/** Of the words of both forms. `granted` is for good where no end is told. */
const statusOf = (word: string, until: Instant | null): PermissionStanding['status'] => {
  if (isWithout.has(word)) return 'none';
  return word === 'permanent' || (word === 'granted' && until === null) ? 'permanent' : 'temporary';
};

const actions: ReadonlyMap<string, PairLimit['action']> = new Map([
  ['send_call_permission_request', 'request'],
  ['start_call', 'call'],
]);

/** An ISO 8601 duration of hours or days, or as in "24h" and "7d", in ms. */
const Period = z
  .string()
  .transform((text, context) => {
    const iso = text.replace(/^\d+h$/i, 'PT$&').replace(/^\d+d$/i, 'P$&');
    try {
      return Temporal.Duration.from(iso).total('milliseconds');
    } catch {
      context.addIssue('a duration such as "PT24H"');
      return z.NEVER;
    }
  })
  .pipe(z.int().positive());

const Count = Digits.pipe(z.int().nonnegative().max(1_000));

const Limit = z.object({
  time_period: Period,
  max_allowed: Count.refine((most) => most > 0),
  current_usage: Count,
  limit_expiration_time: maybe(Seconds),
});

const Action = z.object({ action_name: lowerCase, limits: z.array(z.unknown()).catch([]) });

const Permission = z.object({
  status: lowerCase.refine((word) => isHeld.has(word) || isWithout.has(word)),
  expiration_time: maybe(Seconds),
  expiration: maybe(Seconds),
});

const understood = <T>(schema: z.ZodType<T>, values: readonly unknown[]): readonly T[] =>
  values.flatMap((value) => {
    const { success, data } = schema.safeParse(value);
    return success ? [data] : [];
  });

/** The answer of `GET …/call_permissions`, in either of the two forms that Meta documents; a limit of no known form is left out. */
export const CallPermissions = z
  .object({ permission: Permission, actions: z.array(z.unknown()).catch([]) })
  .transform(({ permission, actions: told }): PermissionStanding => {
    const until = permission.expiration_time ?? permission.expiration;
    const status = statusOf(permission.status, until);
    const limits = understood(Action, told).flatMap(({ action_name, limits }) => limitsOf(action_name, limits));
    return { status, until: status === 'temporary' ? until : null, limits };
  });

const limitsOf = (name: string, limits: readonly unknown[]): readonly PairLimit[] => {
  const action = actions.get(name);
  if (action === undefined) return [];
  return understood(Limit, limits).map(({ time_period: period, max_allowed, current_usage: used, ...limit }) => {
    const isFull = used >= max_allowed;
    return { action, period, maxAllowed: max_allowed, used, freeAt: isFull ? limit.limit_expiration_time : null };
  });
};
