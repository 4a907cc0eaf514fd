import type { Direction } from './agent.ts';
import type { CallStatus } from './call-events.ts';
import type { Instant } from './time.ts';

/** A call as its ticket knows it. */
export type TicketCall = {
  readonly status: CallStatus;
  readonly direction: Direction;
  /** When both sides spoke, and for us who. */
  readonly answer: { readonly at: Instant; readonly agentId: string } | null;
  readonly missedAt: Instant | null;
  readonly hungUp: boolean;
};

type Facts = {
  readonly calls: ReadonlyMap<string, TicketCall>;
  /** A miss is settled by resolving the ticket. */
  readonly resolvedAts: readonly Instant[];
};

export type FirstResponse = {
  readonly at: Instant;
  readonly agentId: string;
  readonly callId: string;
  readonly because: 'answered' | 'called_back';
};

const isSettled = ({ resolvedAts }: Facts, missedAt: Instant, before: Instant) =>
  resolvedAts.some((at) => at >= missedAt && at <= before);

/** Whether at this moment the customer had called in vain, and that was still to be seen to. */
const hadMissed = (facts: Facts, at: Instant) =>
  [...facts.calls.values()].some(
    ({ missedAt }) => missedAt !== null && missedAt <= at && !isSettled(facts, missedAt, at),
  );

/**
 * The earliest answer that is a response: to a call of the customer's, or by calling back after one that was missed. It follows
 * from what is known of the calls, in whatever order that was told.
 */
export const firstResponseIn = (facts: Facts): FirstResponse | null => {
  const responses = [...facts.calls].flatMap(([callId, { direction, answer }]): FirstResponse[] => {
    if (answer === null) return [];
    if (direction === 'incoming') return [{ ...answer, callId, because: 'answered' }];
    return hadMissed(facts, answer.at) ? [{ ...answer, callId, because: 'called_back' }] : [];
  });
  return responses.toSorted((a, b) => a.at - b.at)[0] ?? null;
};
