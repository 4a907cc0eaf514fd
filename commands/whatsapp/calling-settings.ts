import type { Calling } from '../../domain/channel.ts';
import type { Setting } from '../../domain/channel-at-meta.ts';
import { same } from '../../domain/decider.ts';
import { isSameZone } from '../../domain/hours.ts';
import type { Instant } from '../../domain/time.ts';
import { type CallHours, callHours } from './calling-hours.ts';
import type { SettingsReport } from './delivery.ts';

type Switch = 'ENABLED' | 'DISABLED';

/** The calling settings of a number as Meta takes them. */
export type CallingSettings = {
  readonly status: Switch;
  readonly call_icon_visibility: 'DEFAULT' | 'DISABLE_ALL';
  readonly call_hours: CallHours;
  readonly callback_permission_status: Switch;
};

const switched = (on: boolean): Switch => (on ? 'ENABLED' : 'DISABLED');

/**
 * What Meta is to hold for these settings. Meta cannot shut incoming calls out by themselves: where customers may not call,
 * or never could, the call button is hidden; whoever calls all the same is judged by our own rules.
 */
export const callingSettings = (calling: Calling, now: Instant): CallingSettings => {
  const mayCall = calling.userInitiatedEnabled && calling.workingHours?.weekly.length !== 0;
  return {
    status: switched(calling.enabled),
    call_icon_visibility: mayCall ? 'DEFAULT' : 'DISABLE_ALL',
    call_hours: callHours(calling, now),
    callback_permission_status: switched(calling.callbackRequestsEnabled),
  };
};

/** What Meta holds otherwise than it should; what it does not mention is taken to be as it was. */
export const differences = (
  ours: CallingSettings,
  theirs: Omit<SettingsReport, 'restrictions'>,
): readonly Setting[] => {
  const isOther = (a: unknown, b: unknown) => b !== null && !same(a, b);
  const checks: readonly [Setting, boolean][] = [
    ['calling', isOther(ours.status, theirs.status)],
    ['callButton', isOther(ours.call_icon_visibility, theirs.call_icon_visibility)],
    ['callbackRequests', isOther(ours.callback_permission_status, theirs.callback_permission_status)],
    ['hours', theirs.call_hours !== null && !areSameHours(ours.call_hours, theirs.call_hours)],
    ['sip', theirs.sip?.status === 'ENABLED'],
  ];
  return checks.flatMap(([setting, differs]) => (differs ? [setting] : []));
};

type Hours = {
  readonly status: string | null;
  readonly timezone_id: string | null;
  readonly weekly_operating_hours: readonly { day_of_week: string; open_time: string; close_time: string }[];
};

/** Meta may call the zone by another of its names. Holidays are left out: they pass, and so would differ from day to day. */
const areSameHours = (ours: Hours, theirs: Hours) =>
  same(openingsOf(ours), openingsOf(theirs)) &&
  (ours.status !== 'ENABLED' || isSameZone(ours.timezone_id ?? '', theirs.timezone_id ?? ''));

const openingsOf = ({ status, weekly_operating_hours: week }: Hours) =>
  status === 'ENABLED'
    ? week.map(({ day_of_week, open_time, close_time }) => `${day_of_week} ${open_time}-${close_time}`).toSorted()
    : 'always';
