import { socketGrace } from '../../domain/agent.ts';
import { violationMatters } from '../../domain/channel-restrictions.ts';
import type { EventType, Named } from '../../domain/index.ts';
import { defaultPolicies, policyAt } from '../../domain/permission-policy.ts';
import { days, hours, type Instant, minutes, seconds } from '../../domain/time.ts';
import type { TimerKind } from './lanes.ts';

/** `subject` is what it is about. An event starts at most one timer of a kind for one moment. */
export type Timer = {
  readonly kind: TimerKind;
  readonly dueAt: Instant;
  readonly subject: Readonly<Record<string, string>>;
};

/** An offered agent's page must say within 2 s that it rings; the offer's way to the page is given half a second. */
const acknowledgeWithin = seconds(2.5);
/** Meta's answer to our accept, or its `terminate` after our end, is taken for lost after these. */
const confirmWithin = seconds(30);
const endWithin = minutes(1);
/** Meta does not publish how long it lets a phone ring; nobody's rings longer than this. */
const ringsAtMost = minutes(5);
/** Between leave to call and the call itself lie milliseconds; after this the process died in between. */
export const placeWithin = minutes(1);

/** When Meta is asked whether it ever had a request of which neither its answer nor a webhook told: again where it is out of reach. */
const unconfirmedFor = [minutes(5), hours(1), hours(12)];

type OfPair = { channelId: string; customerId: string };
type OfRequest = OfPair & { at: Instant; requestId: string };

const pairOf = ({ channelId, customerId }: OfPair) => ({ channelId, customerId });

const timer = (kind: TimerKind, dueAt: Instant, subject: Timer['subject']): Timer => ({ kind, dueAt, subject });

const requestExpiry = ({ at, requestId, ...pair }: OfRequest) =>
  timer('request_expires', at + policyAt(defaultPolicies, at).requestAnswerableFor, { ...pairOf(pair), requestId });

/** Asked for once more, it lasts longer. */
const callbackExpiry = ({ expiresAt, ...event }: Named<'CallbackRequested' | 'CallbackRequestRenewed'>) => [
  timer('callback_expires', expiresAt, pairOf(event)),
];

/** Meta does not tell when it lifts a restriction early: it is asked every day, for a month at most. */
const checks = Array.from({ length: 30 }, (_, n) => days(n + 1));

/** The timers each event starts: everything that time alone causes later. */
export const timersOf: { readonly [T in EventType]?: (event: Named<T>) => readonly Timer[] } = {
  CallOffered: ({ at, callId, offerId, expiresAt }) => [
    timer('offer_unacknowledged', at + acknowledgeWithin, { callId, offerId }),
    timer('offer_timed_out', expiresAt, { callId, offerId }),
  ],
  CallRouted: ({ callId, queued }) => (queued ? [timer('queue_ended', queued.until, { callId })] : []),
  CallSocketClosed: ({ at, agentId }) => [timer('socket_lost', at + socketGrace, { agentId })],
  CallAnswering: ({ at, callId, agentId }) => [timer('answer_unconfirmed', at + confirmWithin, { callId, agentId })],
  CallEndRequested: ({ at, callId }) => [timer('end_unconfirmed', at + endWithin, { callId })],
  CallPlaced: ({ at, callId }) => [timer('outgoing_call_silent', at + ringsAtMost, { callId })],
  OutgoingCallAuthorised: ({ at, callId, agentId, ...event }) => [
    timer('authorisation_unused', at + placeWithin, { ...pairOf(event), callId, agentId }),
  ],
  PermissionGranted: ({ at, until, requestId, ...event }) => [
    ...(until === null ? [] : [timer('permission_expires', until, pairOf(event))]),
    ...(requestId === null ? [] : [requestExpiry({ ...event, at, requestId })]),
  ],
  PermissionDeclined: ({ at, requestId, ...event }) =>
    requestId === null ? [] : [requestExpiry({ ...event, at, requestId })],
  PermissionRequested: ({ at, requestId, ...event }) =>
    unconfirmedFor.map((after) => timer('request_unconfirmed', at + after, { ...pairOf(event), requestId })),
  PermissionRequestDelivered: (event) => [requestExpiry(event)],
  CallInvited: ({ inviteId, expiresAt, ...event }) => [
    timer('invite_expires', expiresAt, { ...pairOf(event), inviteId }),
  ],
  CallbackRequested: callbackExpiry,
  CallbackRequestRenewed: callbackExpiry,
  CallingSettingsRefused: ({ channelId, retryAt }) =>
    retryAt === null ? [] : [timer('settings_retried', retryAt, { channelId })],
  ChannelRestricted: ({ at, channelId, until }) => [
    ...(until === null ? [] : [timer('channel_time_passed', until, { channelId })]),
    ...checks
      .map((after) => at + after)
      .filter((dueAt) => until === null || dueAt < until)
      .map((dueAt) => timer('restriction_checked', dueAt, { channelId })),
  ],
  ChannelViolationReported: ({ at, channelId }) => [timer('channel_time_passed', at + violationMatters, { channelId })],
};
