import { socketGrace } from '../../domain/agent.ts';
import { violationMatters } from '../../domain/channel-restrictions.ts';
import type { EventType, Named } from '../../domain/index.ts';
import { defaultPolicies, policyAt } from '../../domain/permission-policy.ts';
import { days, hours, type Instant, minutes, seconds } from '../../domain/time.ts';

/** What a timer does when it is due. A timer is never cancelled: fired too late, it finds nothing to do. */
export type TimerKind =
  | 'offer_unacknowledged'
  | 'offer_timed_out'
  | 'socket_lost'
  | 'queue_ended'
  | 'answer_unconfirmed'
  | 'end_unconfirmed'
  | 'outgoing_call_silent'
  | 'authorisation_unused'
  | 'permission_expires'
  | 'request_expires'
  | 'invite_expires'
  | 'callback_expires'
  | 'request_unconfirmed'
  | 'settings_retried'
  | 'channel_time_passed'
  | 'restriction_checked';

/** `key` names it: the same key again moves it, so a timer exists once. `subject` is what it is about. */
export type Timer = {
  readonly key: string;
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
const placeWithin = minutes(1);

/** When Meta is asked whether it ever had a request of which neither its answer nor a webhook told: again where it is out of reach. */
const unconfirmedFor = [minutes(5), hours(1), hours(12)];

const pairOf = ({ channelId, customerId }: { channelId: string; customerId: string }) => ({ channelId, customerId });

const requestExpiry = ({
  at,
  requestId,
  ...pair
}: {
  at: Instant;
  requestId: string;
  channelId: string;
  customerId: string;
}) => {
  const dueAt = at + policyAt(defaultPolicies, at).requestAnswerableFor;
  // each of its own: a delivery that is told late must not take the place of the answer
  return timer('request_expires', `${requestId}.${dueAt}`, dueAt, { ...pairOf(pair), requestId });
};

/** Asked for once more, it lasts longer. */
const callbackExpiry = ({
  callbackId,
  expiresAt,
  ...event
}: Named<'CallbackRequested' | 'CallbackRequestRenewed'>): readonly Timer[] => [
  timer('callback_expires', callbackId, expiresAt, pairOf(event)),
];

const timer = (kind: TimerKind, id: string, dueAt: Instant, subject: Timer['subject']): Timer => ({
  key: `${kind}:${id}`,
  kind,
  dueAt,
  subject,
});

/** Meta does not tell when it lifts a restriction early: it is asked every day, for a month at most. */
const checks = Array.from({ length: 30 }, (_, n) => days(n + 1));

/** The timers each event starts: everything that time alone causes later. */
export const timersOf: { readonly [T in EventType]?: (event: Named<T>) => readonly Timer[] } = {
  CallOffered: ({ at, callId, offerId, expiresAt }) => [
    timer('offer_unacknowledged', offerId, at + acknowledgeWithin, { callId, offerId }),
    timer('offer_timed_out', offerId, expiresAt, { callId, offerId }),
  ],
  CallRouted: ({ callId, queued }) => (queued ? [timer('queue_ended', callId, queued.until, { callId })] : []),
  CallSocketClosed: ({ at, agentId, sessionId }) => [timer('socket_lost', sessionId, at + socketGrace, { agentId })],
  CallAnswering: ({ at, callId, agentId }) => [
    timer('answer_unconfirmed', callId, at + confirmWithin, { callId, agentId }),
  ],
  CallEndRequested: ({ at, callId }) => [timer('end_unconfirmed', callId, at + endWithin, { callId })],
  CallPlaced: ({ at, callId }) => [timer('outgoing_call_silent', callId, at + ringsAtMost, { callId })],
  OutgoingCallAuthorised: ({ at, callId, agentId, ...event }) => [
    timer('authorisation_unused', callId, at + placeWithin, { ...pairOf(event), callId, agentId }),
  ],
  PermissionGranted: ({ at, until, requestId, ...event }) => [
    ...(until === null
      ? []
      : [timer('permission_expires', `${event.channelId}.${event.customerId}`, until, pairOf(event))]),
    ...(requestId === null ? [] : [requestExpiry({ ...event, at, requestId })]),
  ],
  PermissionDeclined: ({ at, requestId, ...event }) =>
    requestId === null ? [] : [requestExpiry({ ...event, at, requestId })],
  PermissionRequested: ({ at, requestId, ...event }) =>
    unconfirmedFor.map((after) =>
      timer('request_unconfirmed', `${requestId}.${after}`, at + after, { ...pairOf(event), requestId }),
    ),
  PermissionRequestDelivered: (event) => [requestExpiry(event)],
  CallInvited: ({ inviteId, expiresAt, ...event }) => [
    timer('invite_expires', inviteId, expiresAt, { ...pairOf(event), inviteId }),
  ],
  CallbackRequested: callbackExpiry,
  CallbackRequestRenewed: callbackExpiry,
  CallingSettingsRefused: ({ channelId, retryAt }) =>
    retryAt === null ? [] : [timer('settings_retried', channelId, retryAt, { channelId })],
  ChannelRestricted: ({ at, channelId, until }) => [
    ...(until === null ? [] : [timer('channel_time_passed', `${channelId}.${until}`, until, { channelId })]),
    ...checks
      .map((after) => at + after)
      .filter((dueAt) => until === null || dueAt < until)
      .map((dueAt) => timer('restriction_checked', `${channelId}.${dueAt}`, dueAt, { channelId })),
  ],
  ChannelViolationReported: ({ at, channelId }) => {
    const dueAt = at + violationMatters;
    return [timer('channel_time_passed', `${channelId}.${dueAt}`, dueAt, { channelId })];
  },
};
