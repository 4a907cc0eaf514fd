import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ticket } from '../../domain/ticket.ts';
import { minutes } from '../../domain/time.ts';
import { stepsOf } from '../support/scenario.ts';

type Command = Parameters<typeof ticket.decide>[1];

const noon = Date.UTC(2026, 0, 5, 12);
const ids = { ticketId: 't1', channelId: '800000000000001', customerId: 'asha' };
const named = { channelName: '', waId: null, customerName: null, callId: null };
const opened: Command = { type: 'OpenTicket', at: noon, ...ids, ...named, because: 'incoming_call' };

const kinds = ['answered', 'dropped', 'missed', 'reached', 'unanswered'] as const;
type Kind = (typeof kinds)[number];

const endings = {
  answered: { status: 'completed', subStatus: null, missReason: null },
  dropped: { status: 'disconnected', subStatus: 'dropped', missReason: null },
  missed: { status: 'missed', subStatus: null, missReason: 'caller_hung_up' },
  reached: { status: 'completed', subStatus: null, missReason: null },
  unanswered: { status: 'unanswered', subStatus: 'no_answer', missReason: null },
} as const;

/** One call after the other, each ten minutes long: who calls, who speaks, and how it ends. */
const callOf = (kind: Kind, n: number) => {
  const [callId, agentId, begins] = [`c${n}`, n % 2 === 0 ? 'ben' : 'chi', noon + minutes(10 * n)];
  const direction = kind === 'reached' || kind === 'unanswered' ? ('outgoing' as const) : ('incoming' as const);
  const speaks = kind !== 'missed' && kind !== 'unanswered';
  const of = { ticketId: 't1', callId, direction };
  const link: Command = { type: 'LinkCall', at: begins, ...ids, callId, direction, agentId: null };
  const answer: Command = { type: 'RecordCallAnswered', at: begins + minutes(1), callId, agentId };
  const end: Command = { type: 'RecordCallEnded', at: begins + minutes(5), ...of, agentId, ...endings[kind] };
  return { kind, callId, link, facts: speaks ? [answer, end] : [end] };
};

type Call = ReturnType<typeof callOf>;

/** The table of the product: who answers responds; who calls back after a miss responds; nobody else does. */
const responses = (calls: readonly Call[]) =>
  calls.filter(({ kind }, n) => {
    if (kind === 'answered' || kind === 'dropped') return true;
    return kind === 'reached' && calls.slice(0, n).some((earlier) => earlier.kind === 'missed');
  });

const madeBy = (commands: readonly Command[]) =>
  stepsOf(ticket, [opened, ...commands]).flatMap(({ event }) => (event.type === 'FirstResponseMade' ? [event] : []));

const story = fc.array(fc.constantFrom(...kinds), { maxLength: 6 }).map((all) => all.map(callOf));

describe('the first response', () => {
  test('is the first that the table names, when everything is told as it happens', () => {
    const law = (calls: readonly Call[]) => {
      const made = madeBy(calls.flatMap(({ link, facts }) => [link, ...facts]));
      const [first] = responses(calls);
      expect(made.map(({ callId }) => callId)).toEqual(first ? [first.callId] : []);
      for (const { at, because, callId } of made) {
        const n = calls.findIndex((call) => call.callId === callId);
        expect(at).toBe(noon + minutes(10 * n + 1));
        expect(because).toBe(calls[n]?.kind === 'reached' ? 'called_back' : 'answered');
      }
    };
    fc.assert(fc.property(story, law), { seed: 41, numRuns: 300 });
  });

  test('is there or not, once and of a call that the table names, in whatever order and however often it is told', () => {
    let answeredLate = 0;
    const told = story.chain((calls) => {
      const facts = calls.flatMap((call) => call.facts);
      const some = fc.shuffledSubarray(facts, { minLength: facts.length });
      return fc.tuple(fc.constant(calls), some, fc.subarray(facts));
    });
    const law = ([calls, facts, again]: readonly [readonly Call[], readonly Command[], readonly Command[]]) => {
      const made = madeBy([...calls.map(({ link }) => link), ...facts, ...again]);
      const named = responses(calls).map(({ callId }) => callId);
      expect(made.length).toBe(named.length > 0 ? 1 : 0);
      for (const { callId, because } of made) {
        expect(named).toContain(callId);
        if (because === 'called_back') answeredLate++;
      }
    };
    fc.assert(fc.property(told, law), { seed: 43, numRuns: 500 });
    expect(answeredLate).toBeGreaterThan(10);
  });

  test.each<[string, string]>([
    ['the agent whom it rang at', 'ben'],
    ['another agent', 'chi'],
  ])('is made by %s who calls back and is picked up', (_, agentId) => {
    const [miss, back] = [callOf('missed', 0), callOf('reached', 1)];
    const rang: Command = { type: 'AssignByCall', at: noon, callId: 'c0', agentId: 'ben', because: 'routed' };
    const picked: Command = { type: 'RecordCallAnswered', at: noon + minutes(11), callId: 'c1', agentId };
    const made = madeBy([miss.link, rang, ...miss.facts, back.link, picked]);
    expect(made).toMatchObject([{ agentId, callId: 'c1', because: 'called_back', at: noon + minutes(11) }]);
  });
});
