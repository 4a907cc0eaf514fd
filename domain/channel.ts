import { z } from 'zod';
import {
  atMeta,
  isSettled,
  isToBeSent,
  refusedBy,
  type Standing,
  settingsDecisions,
  settingsEvents,
} from './channel-at-meta.ts';
import {
  noRestrictions,
  type Restrictions,
  restrictionDecisions,
  restrictionEvents,
  stoppedBy,
  withoutRestriction,
  withRestriction,
  withViolation,
} from './channel-restrictions.ts';
import { decider, type Refusal, refuse, same } from './decider.ts';
import { Holiday, openness, WorkingHours } from './hours.ts';
import { Instant } from './time.ts';

const channelId = z.string();

const Details = { name: z.string(), displayPhoneNumber: z.string(), wabaId: z.string() };

const Calling = {
  enabled: z.boolean(),
  userInitiatedEnabled: z.boolean(),
  workingHours: WorkingHours.nullable(),
  holidays: z.array(Holiday),
  callbackRequestsEnabled: z.boolean(),
};
export type Calling = z.output<z.ZodObject<typeof Calling>>;

const events = {
  ChannelConnected: { at: Instant, channelId, store: z.string(), ...Details },
  ChannelDetailsChanged: { at: Instant, channelId, ...Details },
  CallingConfigured: { at: Instant, channelId, ...Calling },
  ...restrictionEvents,
  ...settingsEvents,
};

const callingOff: Calling = {
  enabled: false,
  userInitiatedEnabled: false,
  workingHours: null,
  holidays: [],
  callbackRequestsEnabled: false,
};

export type Channel = Standing &
  Restrictions & {
    readonly store: string | null;
    readonly details: z.output<z.ZodObject<typeof Details>>;
    readonly calling: Calling;
    readonly configuredAt: Instant | null;
  };

const initial: Channel = {
  store: null,
  details: { name: '', displayPhoneNumber: '', wabaId: '' },
  calling: callingOff,
  configuredAt: null,
  configuration: 0,
  atMeta: null,
  ...noRestrictions,
};

/** Whether Meta has hidden a call button that should be there: it shows it again when it is told the same settings anew. */
const isHiddenByMeta = ({ atMeta, calling, restrictions }: Channel) =>
  atMeta?.state === 'in_sync' &&
  calling.userInitiatedEnabled &&
  restrictions.some(({ restriction }) => restriction === 'icon');

/** A WhatsApp number of one store: who owns it, what calling it allows and when. Stream `channel-<channelId>`. */
export const channel = decider({ category: 'channel', events, initial })
  .decide({
    /** The first store to connect a number owns it. */
    ConnectChannel: (
      s,
      c: { at: Instant; channelId: string; store: string; name: string; displayPhoneNumber: string; wabaId: string },
    ) => {
      const { at, channelId, store, ...details } = c;
      if (s.store === null) return [{ type: 'ChannelConnected', at, channelId, store, ...details }];
      if (s.store !== store) return refuse('channel.owned_by_another_store');
      return same(s.details, details) ? [] : [{ type: 'ChannelDetailsChanged', at, channelId, ...details }];
    },

    ConfigureCalling: (s, c: { at: Instant; channelId: string; store: string } & Calling) => {
      const { at, channelId, store, ...calling } = c;
      if (s.store !== store) return refuse('channel.not_connected');
      if (same(s.calling, calling) && isSettled(s.atMeta) && !isHiddenByMeta(s)) return [];
      return [{ type: 'CallingConfigured', at, channelId, ...calling }];
    },

    ...settingsDecisions,
    ...restrictionDecisions,
  })
  .evolve({
    ChannelConnected: (s, { store, name, displayPhoneNumber, wabaId }) => ({
      ...s,
      store,
      details: { name, displayPhoneNumber, wabaId },
    }),
    ChannelDetailsChanged: (s, { name, displayPhoneNumber, wabaId }) => ({
      ...s,
      details: { name, displayPhoneNumber, wabaId },
    }),
    CallingConfigured: (s, { type: _, at, channelId: __, ...calling }) => ({
      ...s,
      calling,
      configuredAt: at,
      configuration: s.configuration + 1,
      atMeta: atMeta('pending', at),
    }),
    CallingSettingsAccepted: (s, { at }) => ({
      ...s,
      atMeta: atMeta('in_sync', at),
      restrictions: s.restrictions.filter((r) => !(r.restriction === 'icon' && s.calling.userInitiatedEnabled)), // shown again
    }),
    CallingSettingsRefused: (s, event) => ({ ...s, atMeta: refusedBy(s.atMeta, event) }),
    CallingSettingsRetried: (s, { at }) => ({
      ...s,
      atMeta: { ...(s.atMeta ?? atMeta('pending', at)), retryAt: null },
    }),
    CallingSettingsDiverged: (s, { at, differs }) => ({ ...s, atMeta: { ...atMeta('differ', at), differs } }),
    ChannelRestricted: (s, event) => ({ ...s, restrictions: withRestriction(s.restrictions, event) }),
    ChannelRestrictionEnded: (s, event) => ({ ...s, restrictions: withoutRestriction(s.restrictions, event) }),
    ChannelViolationReported: (s, event) => ({ ...s, violations: withViolation(s.violations, event) }),
    ChannelViolationLapsed: (s, { metaType }) => ({
      ...s,
      violations: s.violations.filter((one) => one.metaType !== metaType),
    }),
  });

/** The settings that Meta is to be told now, and their number; `null` when there is nothing to tell. */
export const settingsToSend = ({ atMeta, calling, configuration }: Channel) =>
  isToBeSent(atMeta) ? { calling, configuration } : null;

/** Whether Meta grants a permission after every incoming call: it was told to, and has not been told otherwise since. */
export const grantsByCallback = ({ atMeta, calling }: Channel): boolean =>
  calling.callbackRequestsEnabled && atMeta?.state === 'in_sync';

const hoursAt = ({ calling }: Channel, at: Instant) => openness(calling.workingHours, calling.holidays, at);
const waitingUntil = (until: Instant | null) => (until === null ? {} : { retryAt: until });

/** What the store itself has set up against a call, with when it did. */
const asConfigured = ({ configuredAt }: Channel, refused: string, until: Instant | null = null): Refusal => {
  const because = configuredAt === null ? [] : [{ type: 'CallingConfigured', at: configuredAt }];
  return refuse(refused, { ...waitingUntil(until), facts: { because } });
};

/** Meta's word against calls in a direction; it names the restriction, and when that ends, if anybody knows. */
const restrictedNow = (s: Channel, direction: 'incoming' | 'outgoing', at: Instant): Refusal | null => {
  const stopping = stoppedBy(s, direction, at);
  if (stopping === undefined) return null;
  const { restriction, metaType, until, since } = stopping;
  const because = [{ type: 'ChannelRestricted', at: since }];
  return refuse('channel.calling_disabled', {
    ...waitingUntil(until),
    facts: { restriction, metaType, until, because },
  });
};

/** Why this number may ask nobody for permission at this instant, or `null` when it may: asking knows no hours. */
export const askingRefusal = (s: Channel, at: Instant): Refusal | null => restrictedNow(s, 'outgoing', at);

/** Why this number may not place a call at this instant, or `null` when it may. */
export const outgoingRefusal = (s: Channel, at: Instant): Refusal | null => {
  if (!s.calling.enabled) return asConfigured(s, 'channel.calling_disabled');
  const restricted = askingRefusal(s, at);
  const { open, opensAt } = hoursAt(s, restricted?.retryAt ?? at);
  if (restricted === null) return open ? null : asConfigured(s, 'channel.outside_hours', opensAt);
  if (open || restricted.retryAt === undefined) return restricted;
  const { retryAt: _, ...reason } = restricted;
  return { ...reason, ...waitingUntil(opensAt) };
};

/** Why nobody can call this number, or `null`. It knows no hours: whoever is invited now may call within days. */
export const callInRefusal = (s: Channel, at: Instant): Refusal | null =>
  s.calling.enabled && s.calling.userInitiatedEnabled
    ? restrictedNow(s, 'incoming', at)
    : asConfigured(s, 'channel.calling_disabled');

/** Why an incoming call at this instant may ring nobody, or `null` when it may. */
export const incomingMissReason = (s: Channel, at: Instant): 'incoming_disabled' | 'outside_hours' | null => {
  if (callInRefusal(s, at)) return 'incoming_disabled';
  return hoursAt(s, at).open ? null : 'outside_hours';
};
