import { z } from 'zod';
import { type EventOf, same } from './decider.ts';
import { hours, Instant, minutes, seconds } from './time.ts';

/** What Meta may hold otherwise than we do; `sip`: calls go to a telephone system, which shuts us out. */
export const Setting = z.enum(['calling', 'callButton', 'callbackRequests', 'hours', 'sip']);
export type Setting = z.infer<typeof Setting>;

/** `configuration` counts the channel's CallingConfigured up to the one that is meant. */
const about = { at: Instant, channelId: z.string(), configuration: z.int() };
type About = z.output<z.ZodObject<typeof about>>;

/** What becomes of a channel's settings at Meta. A refusal with `retryAt` is no last word: they are sent again then. */
export const settingsEvents = {
  CallingSettingsAccepted: about,
  CallingSettingsRefused: { ...about, metaErrorCode: z.int().nullable(), retryAt: Instant.nullable() },
  CallingSettingsRetried: about,
  CallingSettingsDiverged: { ...about, differs: z.array(Setting) },
};
type Event = EventOf<typeof settingsEvents>;

/** How a channel's settings stand at Meta, and since when; `differ`: somebody changed them there. */
export type AtMeta = {
  readonly state: 'pending' | 'in_sync' | 'refused' | 'differ';
  readonly at: Instant;
  /** Of the latest failure; `null` where there was none, or Meta gave no code. */
  readonly metaErrorCode: number | null;
  /** When settings that could not be sent are sent again. */
  readonly retryAt: Instant | null;
  readonly failures: number;
  readonly differs: readonly Setting[];
};

export type Standing = {
  /** How often the channel was set up: the number of the settings in force. */
  readonly configuration: number;
  /** `null` until it is set up for the first time. */
  readonly atMeta: AtMeta | null;
};

/** A standing with nothing to explain. */
export const atMeta = (state: AtMeta['state'], at: Instant): AtMeta => ({
  state,
  at,
  metaErrorCode: null,
  retryAt: null,
  failures: 0,
  differs: [],
});

/** The standing after a refusal. */
export const refusedBy = (
  before: AtMeta | null,
  { at, metaErrorCode, retryAt }: Extract<Event, { type: 'CallingSettingsRefused' }>,
): AtMeta => ({
  ...atMeta(retryAt === null ? 'refused' : 'pending', at),
  metaErrorCode,
  retryAt,
  failures: (before?.failures ?? 0) + 1,
});

/** Whether Meta is to be told now. */
export const isToBeSent = (s: AtMeta | null): boolean => s?.state === 'pending' && s.retryAt === null;

/** Whether the same settings said again are worth nothing: Meta has them, or is being asked. */
export const isSettled = (s: AtMeta | null): boolean => s?.state === 'in_sync' || isToBeSent(s);

const waits = [seconds(10), minutes(1), minutes(10), hours(1), hours(6)];

const nextTry = ({ failures }: AtMeta, at: Instant): Instant | null => {
  const wait = waits[failures];
  return wait === undefined ? null : at + wait;
};

/** Where Meta's answer is about the settings in force and it has not answered yet: how they stand. */
const awaited = (s: Standing, { configuration }: About) =>
  configuration === s.configuration && s.atMeta?.state === 'pending' ? s.atMeta : null;

/** Meta's word on the settings a channel sent, or may hold otherwise by now. What is about older settings is nothing new. */
export const settingsDecisions = {
  RecordSettingsAccepted: (s: Standing, c: About): Event[] =>
    awaited(s, c) ? [{ type: 'CallingSettingsAccepted', ...c }] : [],

  RecordSettingsRefused: (
    s: Standing,
    { mayPass, ...refused }: About & { metaErrorCode: number | null; mayPass: boolean },
  ): Event[] => {
    const before = awaited(s, refused);
    if (before === null) return [];
    return [{ type: 'CallingSettingsRefused', ...refused, retryAt: mayPass ? nextTry(before, refused.at) : null }];
  },

  RetrySettings: ({ atMeta, configuration }: Standing, c: Omit<About, 'configuration'>): Event[] => {
    const isDue = atMeta !== null && atMeta.retryAt !== null && atMeta.retryAt <= c.at;
    return isDue ? [{ type: 'CallingSettingsRetried', ...c, configuration }] : [];
  },

  /** Told of a moment before Meta's last answer, it may be the echo of settings long replaced. */
  RecordSettingsReport: (
    { atMeta, configuration }: Standing,
    { differs, ...c }: About & { differs: readonly Setting[] },
  ): Event[] => {
    if (atMeta === null || atMeta.state === 'pending' || c.configuration !== configuration || c.at <= atMeta.at)
      return [];
    if (differs.length === 0) return atMeta.state === 'in_sync' ? [] : [{ type: 'CallingSettingsAccepted', ...c }];
    if (atMeta.state === 'refused' || same(atMeta.differs, differs)) return [];
    return [{ type: 'CallingSettingsDiverged', ...c, differs: [...differs] }];
  },
};
