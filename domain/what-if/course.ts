import type { MissReason } from '../call-events.ts';
import { evolving } from '../decider.ts';
import type { DomainEvent, EventType, Named } from '../index.ts';
import type { Instant } from '../time.ts';

/** What an agent does about a call that rings at them, unless it is taken away before. */
export type Response = 'answered' | 'declined' | 'not_acknowledged';

/** A call rang at an agent, who did this after so long, or (`null`) had done nothing when it was over. */
type Leg = {
  readonly agentId: string;
  readonly offeredAt: Instant;
  readonly isAcknowledged: boolean;
  readonly isOver: boolean;
  readonly after: number;
  readonly what: Response | null;
};

/** How one incoming call went. */
export type Course = {
  readonly received: Named<'CallReceived'>;
  readonly startedAt: Instant;
  readonly ticketId: string | null;
  readonly wasQueued: boolean;
  readonly legs: readonly Leg[];
  /** Meta did not take our answer. */
  readonly answerFailed: boolean;
  readonly answeredAt: Instant | null;
  readonly answeredBy: string | null;
  /** When the agent who answered was free again. */
  readonly releasedAt: Instant | null;
  readonly talkSeconds: number;
  /** How long the caller waited to be answered or missed; `isWhole`: until it ended on their side. */
  readonly wait: { readonly after: number; readonly isWhole: boolean };
  /** Meta says that the call failed. */
  readonly hasFailed: boolean;
  readonly missReason: MissReason | null;
  /** It is over, and how it counts is known. */
  readonly isConcluded: boolean;
};

/** A call of which only the beginning is known. */
export const courseOf = (event: Named<'CallReceived'>): Course => ({
  received: { ...event, sdpOffer: null },
  startedAt: event.at,
  ticketId: null,
  wasQueued: false,
  legs: [],
  answerFailed: false,
  answeredAt: null,
  answeredBy: null,
  releasedAt: null,
  talkSeconds: 0,
  wait: { after: 0, isWhole: false },
  hasFailed: false,
  missReason: null,
  isConcluded: false,
});

const answeredAt = (s: Course, at: Instant, agentId: string | null): Course => ({
  ...s,
  answeredAt: at,
  answeredBy: agentId,
  wait: { after: Math.max(0, at - s.startedAt), isWhole: false },
});

/** The leg that rings is over, if there is one. */
const endLeg = (s: Course, at: Instant, responseIn: (leg: Leg) => Response | null): Course => {
  const leg = s.legs.at(-1);
  if (!leg || leg.isOver) return s;
  const over = { ...leg, isOver: true, after: at - leg.offeredAt, what: responseIn(leg) };
  return { ...s, legs: [...s.legs.slice(0, -1), over] };
};

/** A page that showed the offer and went away later says nothing about the agent. */
const unlessShown = ({ isAcknowledged }: Leg) => (isAcknowledged ? null : 'not_acknowledged');

const onEvent = {
  LateConnectReceived: (s, { at }) => ({ ...s, startedAt: at }),
  CallLinked: (s, { ticketId }) => ({ ...s, ticketId }),
  CallRouted: (s, { queued }) => ({ ...s, wasQueued: s.wasQueued || queued !== null }),
  CallOffered: (s, { at, agentId }) => {
    const leg = { agentId, offeredAt: at, isAcknowledged: false, isOver: false, after: 0, what: null };
    return { ...s, legs: [...s.legs, leg] };
  },
  OfferAcknowledged: (s) => ({
    ...s,
    legs: s.legs.map((leg) => (leg.isOver ? leg : { ...leg, isAcknowledged: true })),
  }),
  OfferDeclined: (s, { at }) => endLeg(s, at, () => 'declined'),
  OfferTimedOut: (s, { at }) => endLeg(s, at, () => null),
  OfferNotAcknowledged: (s, { at }) => endLeg(s, at, unlessShown),
  CallAnswering: (s, { at }) => endLeg(s, at, () => 'answered'),
  CallAnswered: (s, { at, agentId }) => answeredAt(s, at, agentId),
  CallAnswerFailed: (s) => ({ ...s, answerFailed: true }),
  CallMissed: (s, { at, hangUp }) => ({
    ...endLeg(s, at, () => null),
    wait: { after: Math.max(0, at - s.startedAt), isWhole: !hangUp },
  }),
  CallEnded: (s, { failed, metaErrorCode }) => ({ ...s, hasFailed: failed || metaErrorCode !== null }),
  CallConcluded: (s, { answeredAt: said, agentId, talkSeconds, missReason }) => ({
    ...(s.answeredAt === null && said !== null ? answeredAt(s, said, agentId) : s),
    talkSeconds,
    missReason,
    isConcluded: true,
  }),
  AgentReleased: (s, { at, agentId }) => (agentId === s.answeredBy ? { ...s, releasedAt: at } : s),
} satisfies { readonly [T in EventType]?: (s: Course, event: Named<T>) => Course };

type Heard = Named<keyof typeof onEvent>;

const isHeard = (event: DomainEvent): event is Heard => event.type in onEvent;

const evolveCourse = evolving<Heard, Course>(onEvent);

/** Follows the calls that are begun here, from event to event. */
export const followCalls = () => {
  const courses = new Map<string, Course>();
  return {
    courses,
    see(event: DomainEvent) {
      if (!isHeard(event)) return;
      const course = courses.get(event.callId);
      if (course) courses.set(event.callId, evolveCourse(course, event));
    },
  };
};
