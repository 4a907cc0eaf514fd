import { minutes, seconds } from '../time.ts';
import { chanceOf } from './chance.ts';
import type { Course, Response } from './course.ts';
import { type Survival, survivalOf, type Watched } from './survival.ts';

/** How long an agent is held by a conversation, and for how many seconds of it both sides speak. */
type Talk = { readonly held: number; readonly seconds: number };

/** What people do: what they did then where that is known, else what people did in the like. All lengths in ms. */
export type Behaviour = {
  /** What an agent does about this call, and so long after it began to ring; `null`: they let it ring. */
  response(call: Course, agentId: string): { readonly after: number; readonly what: Response } | null;
  /** When the call ends without an answer, counted from its start. */
  patience(call: Course): number;
  talk(call: Course, agentId: string): Talk;
  /** What it rests on. */
  readonly basis: {
    readonly offers: number;
    readonly answers: number;
    /** Agents of whom enough is known to go by what they themselves did. */
    readonly agents: readonly string[];
    readonly waits: number;
    readonly hangUps: number;
    readonly talks: number;
  };
};

/** So much must be known of an agent to go by themselves rather than by all. */
const enough = 20;
/** WhatsApp itself ends a call that nobody answers after 30 to 60 s. */
const callerWaits = seconds(60);
/** Where nobody ever answered. */
const unseen = {
  response: { after: seconds(10), what: 'answered' },
  talk: { held: minutes(3), seconds: 180 },
} as const;

type By<W> = { readonly all: Survival<W>; of(agentId: string): Survival<W>; readonly known: readonly string[] };

/** What was watched of each agent where it is enough, else of all of them. */
const byAgent = <W>(watched: readonly (Watched<W> & { readonly agentId: string })[]): By<W> => {
  const all = survivalOf(watched);
  const own = new Map<string, Watched<W>[]>(watched.map(({ agentId }) => [agentId, []]));
  for (const one of watched) own.get(one.agentId)?.push(one);
  const enoughOf = [...own].filter(([, theirs]) => theirs.length >= enough);
  const known = new Map(enoughOf.map(([agentId, theirs]) => [agentId, survivalOf(theirs)]));
  return { all, of: (agentId) => known.get(agentId) ?? all, known: [...known.keys()] };
};

const talkOf = ({ answeredAt, releasedAt, talkSeconds, isConcluded }: Course): Talk | null => {
  if (answeredAt === null) return null;
  if (!isConcluded) return { held: Number.POSITIVE_INFINITY, seconds: 0 };
  return { held: releasedAt === null ? seconds(talkSeconds) : releasedAt - answeredAt, seconds: talkSeconds };
};

/** Learns from these calls how people behave. */
export const learn = (calls: readonly Course[]): Behaviour => {
  const legs = calls.flatMap((call) => call.legs.filter(({ isOver }) => isOver));
  const responses = byAgent(legs);
  const waits = survivalOf(
    calls.flatMap(({ wait, hasFailed }) =>
      wait.after > 0 ? [{ after: wait.after, what: wait.isWhole && !hasFailed ? ('hung_up' as const) : null }] : [],
    ),
  );
  const talks = byAgent(
    calls.flatMap((call) => {
      const talk = talkOf(call);
      const agentId = call.answeredBy;
      return talk && agentId !== null && call.isConcluded ? [{ agentId, after: talk.held, what: talk }] : [];
    }),
  );

  return {
    response({ received: { callId }, legs }, agentId) {
      const then = legs.find((leg) => leg.agentId === agentId);
      if (then && then.what !== null) return { after: then.after, what: then.what };
      if (responses.all.watched === 0) return unseen.response;
      return responses.of(agentId).draw(chanceOf(callId, agentId), then?.after);
    },
    patience({ received: { callId }, wait: { after, isWhole } }) {
      if (isWhole) return after;
      const drawn = waits.draw(chanceOf(callId, 'patience'), after);
      return drawn?.after ?? Math.max(callerWaits, waits.longest, after + 1);
    },
    talk(call, agentId) {
      const drawn = talks.of(agentId).draw(chanceOf(call.received.callId, 'talk'));
      return talkOf(call) ?? drawn?.what ?? unseen.talk;
    },
    basis: {
      offers: responses.all.watched,
      answers: legs.filter(({ what }) => what === 'answered').length,
      agents: responses.known,
      waits: waits.watched,
      hangUps: waits.seen,
      talks: talks.all.seen,
    },
  };
};
