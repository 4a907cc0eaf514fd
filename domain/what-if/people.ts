import { liveSocket, socketGrace } from '../agent.ts';
import type { Termination } from '../call.ts';
import type { Named } from '../index.ts';
import { type Instant, seconds } from '../time.ts';
import type { Response } from './course.ts';
import type { Arrival } from './given.ts';
import { beginCall, courseThen, type Stage, tellCall } from './stage.ts';

// what people do in a replay, on both sides

type Timing = Pick<Termination, 'connectedAt' | 'disconnectedAt' | 'durationSeconds'>;

const untalked: Timing = { connectedAt: null, disconnectedAt: null, durationSeconds: null };

/** Meta says that a call has ended. Unless somebody spoke, it failed if it did so then. */
const end = (stage: Stage, callId: string, at: Instant, timing: Timing) => {
  const { received, hasFailed, wait } = courseThen(stage, callId);
  const failed = timing === untalked && wait.isWhole && hasFailed;
  const ended = { at, callId, seen: received, ...timing, failed, metaErrorCode: null };
  return { type: 'TerminateIncoming', ...ended } as const;
};

/** A customer calls, and waits as long as they do. */
export const arrive = (stage: Stage, arrival: Arrival) => {
  const { callId } = arrival;
  const course = courseThen(stage, callId);
  const { received, startedAt } = course;
  stage.arrivals.set(callId, arrival);
  if (received.seenBy === 'terminate') return beginCall(stage, callId, end(stage, callId, received.at, untalked));
  beginCall(stage, callId, { ...received, type: 'ReceiveCall', at: startedAt });
  const until = startedAt + stage.behaviour.patience(course);
  return stage.agenda.add(until, () => {
    if (stage.calls.get(callId)?.answeredAt === null) tellCall(stage, callId, end(stage, callId, until, untalked));
  });
};

const respond = (stage: Stage, { callId, offerId, agentId }: Named<'CallOffered'>, what: Response) => {
  const of = { at: stage.now, callId, agentId };
  if (what === 'declined') return tellCall(stage, callId, { type: 'DeclineOffer', ...of });
  if (what === 'not_acknowledged')
    return tellCall(stage, callId, { type: 'GiveUpUnacknowledged', at: of.at, callId, offerId });
  tellCall(stage, callId, { type: 'AnswerCall', ...of });
  return courseThen(stage, callId).answerFailed
    ? tellCall(stage, callId, { type: 'FailAnswer', ...of, metaErrorCode: null })
    : tellCall(stage, callId, { type: 'ConfirmAnswer', ...of });
};

/** The call rings at an agent. */
export const ring = (stage: Stage, offer: Named<'CallOffered'>) => {
  const { at, callId, offerId, agentId, expiresAt } = offer;
  const response = stage.behaviour.response(courseThen(stage, callId), agentId);
  if (response && at + response.after < expiresAt)
    stage.agenda.add(at + response.after, () => respond(stage, offer, response.what));
  else
    stage.agenda.add(expiresAt, () =>
      tellCall(stage, callId, { type: 'TimeOutOffer', at: expiresAt, callId, offerId }),
    );
};

/** Agent and customer talk, until one of them hangs up. */
export const talk = (stage: Stage, { at, callId, agentId }: Named<'CallAnswered'>) => {
  const { held, seconds: talked } = stage.behaviour.talk(courseThen(stage, callId), agentId);
  if (!Number.isFinite(held)) return; // it still goes on
  const until = at + held;
  const timing = { connectedAt: at, disconnectedAt: at + seconds(talked), durationSeconds: talked };
  stage.agenda.add(until, () => tellCall(stage, callId, end(stage, callId, until, timing)));
};

/** An agent's page is gone; unless it comes back at once, a call that rings there rings elsewhere. */
export const losePage = (stage: Stage, { at: closedAt, agentId }: Named<'CallSocketClosed'>) => {
  const at = closedAt + socketGrace;
  stage.agenda.add(at, () => {
    const staff = stage.agents.get(agentId);
    if (!staff || liveSocket(staff, at) || staff.call?.direction !== 'incoming') return;
    const { callId } = staff.call;
    tellCall(stage, callId, { type: 'LoseOffer', at, callId, agentId });
  });
};
