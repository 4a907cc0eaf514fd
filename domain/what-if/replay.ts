import type { DomainEvent } from '../index.ts';
import { type Routing, routing } from '../routing.ts';
import { agenda } from './agenda.ts';
import type { Behaviour } from './behaviour.ts';
import { follow } from './consequences.ts';
import { type Course, courseOf, followCalls } from './course.ts';
import { act, link } from './deeds.ts';
import { serve } from './desk.ts';
import { type Figures, figuresOf } from './figures.ts';
import { type AgentEvent, type Given, isOfAgent } from './given.ts';
import type { History } from './history.ts';
import { arrive } from './people.ts';
import { watchShifts } from './shift.ts';
import { occurToAgent, type Stage, tellAgent } from './stage.ts';

/** What rules apply where these applied then. */
export type RulesFor = (then: Routing['rules']) => Routing['rules'];

export type Replay = { readonly courses: ReadonlyMap<string, Course>; readonly figures: Figures };

/** Sees what there is to tell of a replay; of the calls only those that have ended in history too. */
const observer = ({ span, agents, courses }: History) => {
  const calls = followCalls();
  const shifts = watchShifts(span, agents);
  return {
    courses: calls.courses,
    shiftOf: shifts.shiftOf,
    see(event: DomainEvent) {
      calls.see(event);
      if (isOfAgent(event)) shifts.see(event);
      else if (event.type === 'TicketAssigned') shifts.given(event);
      else if (event.type === 'CallReceived' && courses.get(event.callId)?.isConcluded)
        calls.courses.set(event.callId, courseOf(event));
    },
  };
};

/** An agent did this then; who is on a call here takes no other. */
const doAsThen = (stage: Stage, event: AgentEvent) => {
  const { agentId } = event;
  if (event.type === 'AgentReserved') tellAgent(stage, agentId, { ...event, type: 'ReserveAgent', fence: null });
  else if (event.type === 'AgentReleased') tellAgent(stage, agentId, { ...event, type: 'ReleaseAgent' });
  else occurToAgent(stage, event);
};

const takePlace = (stage: Stage, given: Given, ruled: (rules: Routing) => Routing) => {
  if (given.kind === 'call') arrive(stage, given);
  else if (given.kind === 'deed') act(stage, given);
  else if (given.kind === 'linked') link(stage, given.event);
  else if (given.kind === 'agent') doAsThen(stage, given.event);
  else {
    stage.routing = ruled(routing.evolve(stage.routing, given.event));
    stage.follow(given.event);
  }
};

/** Everything in its turn: what is given before what follows at the same time. `done` is told how much is given so far. */
const play = (stage: Stage, ruled: (rules: Routing) => Routing, done: (given: number) => void) => {
  const { agenda, history } = stage;
  for (let i = 0; ; serve(stage)) {
    const given = history.given[i];
    const dueAt = agenda.nextAt();
    if (given && (dueAt === undefined || given.at <= dueAt)) {
      stage.now = given.at;
      takePlace(stage, given, ruled);
      done(++i);
    } else if (dueAt !== undefined) {
      stage.now = Math.max(stage.now, dueAt);
      agenda.next();
    } else return;
  }
};

/**
 * Plays a history again under these rules: the same calls, the same people coming and going; who is offered what, who
 * waits and who holds which ticket is decided anew. The same question has the same answer.
 */
export const replay = (
  history: History,
  behaviour: Behaviour,
  rulesFor: RulesFor,
  done: (given: number) => void = () => {},
): Replay => {
  const ruled = (now: Routing): Routing => ({ ...now, rules: rulesFor(now.rules) });
  const seen = observer(history);
  const stage: Stage = {
    now: history.span.from,
    routing: ruled(history.routing),
    agents: new Map(history.agents),
    tickets: new Map(),
    calls: new Map(),
    arrivals: new Map(),
    line: [],
    mayBeFree: false,
    postponed: new Map(),
    agenda: agenda(),
    history,
    behaviour,
    follow(event) {
      seen.see(event);
      follow(stage, event);
    },
  };
  play(stage, ruled, done);
  const shifts = stage.routing.roster.map(({ agentId }) => seen.shiftOf(agentId));
  return { courses: seen.courses, figures: figuresOf([...seen.courses.values()], shifts) };
};
