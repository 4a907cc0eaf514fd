import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { call } from '../../domain/call.ts';
import { CallStatus } from '../../domain/call-events.ts';
import type { Call, CallEvent } from '../../domain/call-state.ts';
import { history, stepsOf } from '../support/scenario.ts';
import { type CallCommand, type End, givenUp, hungUp, incoming, outgoing } from './call-facts.ts';

const concludes = (commands: readonly CallCommand[]) => history(call, commands).state.conclusion;

const end = fc.record(
  { after: fc.integer({ min: 40, max: 90 }), talked: fc.integer({ min: 1, max: 30 }), failed: fc.boolean() },
  { requiredKeys: ['after'] },
);
/** Meta sometimes sends a second `terminate` that knows of no conversation. */
const emptied = ({ after, failed = false }: End): End => ({ after, failed });

/** These facts in any order, each up to three times. */
const muddled = (facts: readonly CallCommand[]) =>
  fc
    .array(fc.nat(facts.length - 1), { maxLength: facts.length * 2 })
    .chain((again) =>
      fc.shuffledSubarray([...facts, ...again.map((i) => facts[i]!)], { minLength: facts.length + again.length }),
    );

/** The router speaks of a call only once it has been seen. */
const afterFirstSign = (facts: readonly CallCommand[], routed: CallCommand) => {
  const [first, ...rest] = facts.filter((fact, i) => fact !== routed || facts.slice(0, i).some((f) => f !== routed));
  return rest.includes(routed) ? [first!, ...rest] : [first!, ...rest, routed];
};

describe('any order and any repetition of the facts ends in the same conclusion', () => {
  test('of an incoming call', () => {
    const outcome = fc.constantFrom(null, 'outside_hours', 'unassigned_mode', 'no_agent_available', 'waits');
    const story = fc.record({ end, outcome, late: fc.constantFrom(0, 60, 61), twice: fc.boolean() }).chain((s) => {
      const routed =
        s.outcome === 'waits' ? incoming.queued(s.late + 1) : incoming.routed(s.late + 1, s.outcome as null);
      const ends = [incoming.terminated(s.end), ...(s.twice ? [incoming.terminated(emptied(s.end))] : [])];
      const facts = [incoming.received(s.late), routed, ...ends];
      return fc.record({ facts: fc.constant(facts), order: muddled(facts).map((all) => afterFirstSign(all, routed)) });
    });
    fc.assert(
      fc.property(story, ({ facts, order }) => {
        expect(concludes(facts)).not.toBeNull();
        expect(concludes(order)).toEqual(concludes(facts));
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  test('of an outgoing call', () => {
    const story = fc
      .record({
        end,
        twice: fc.boolean(),
        heard: fc.subarray(['dialled', 'media', 'rang', 'accepted', 'rejected', 'cancelled']),
      })
      .chain((s) => {
        const told: Record<string, CallCommand> = {
          dialled: outgoing.dialled(1),
          media: outgoing.sdpAnswered(2),
          rang: outgoing.ringing(3),
          accepted: outgoing.pickedUp(9),
          rejected: outgoing.rejected(8),
          cancelled: hungUp(7),
        };
        const ends = [outgoing.terminated(s.end), ...(s.twice ? [outgoing.terminated(emptied(s.end))] : [])];
        const ours = s.heard.includes('cancelled') ? [told.cancelled!] : [];
        const facts = [...s.heard.filter((h) => h !== 'cancelled').map((h) => told[h]!), ...ends];
        const before = [outgoing.placed(), ...ours];
        return fc.record({
          facts: fc.constant([...before, ...facts]),
          // also when we gave it up somewhere in between
          order: muddled([...facts, givenUp(301)]).map((all) => [...before, ...all]),
        });
      });
    fc.assert(
      fc.property(story, ({ facts, order }) => {
        expect(concludes(facts)).not.toBeNull();
        expect(concludes(order)).toEqual(concludes(facts));
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('whatever is said of a call, in whatever order', () => {
  const agentId = fc.constantFrom('ben', 'chi');
  const after = fc.integer({ min: 0, max: 90 });
  const { received, routed, terminated, missed } = incoming;
  const anything = fc.oneof(
    ...[incoming.offered, incoming.declined, incoming.timedOut, incoming.acknowledged, incoming.unacknowledged].map(
      (command) => fc.tuple(after, agentId).map(([seconds, who]) => command(seconds, who)),
    ),
    ...[incoming.answered, incoming.confirmed, incoming.answerFailed, hungUp].map((command) =>
      fc.tuple(after, agentId).map(([seconds, who]) => command(seconds, who)),
    ),
    after.map((seconds) => routed(seconds)),
    after.map((seconds) => routed(seconds, 'no_agent_available')),
    after.map((seconds) => missed(seconds, 'agent_did_not_answer')),
    after.map((seconds) => incoming.queued(seconds, seconds % 2 ? 'capacity_full' : 'no_agent_available')),
    after.map(incoming.queueEnded),
    after.map(givenUp),
    end.map(terminated),
    end.map(outgoing.terminated),
    ...[outgoing.dialled, outgoing.refused, outgoing.unknown, outgoing.sdpAnswered].map((command) =>
      after.map(command),
    ),
    ...[outgoing.ringing, outgoing.pickedUp, outgoing.rejected].map((command) => after.map(command)),
  );
  const story = fc.tuple(
    fc.constantFrom(
      [received()],
      [received(), incoming.queued()],
      [received(), routed(), incoming.offered()],
      [received(70)],
      [outgoing.placed()],
      [],
    ),
    fc.array(anything, { maxLength: 25, size: 'max' }),
  );
  const always = (law: (steps: readonly { before: Call; event: CallEvent }[]) => void) =>
    fc.assert(
      fc.property(story, ([beginning, rest]) => law(stepsOf(call, [...beginning, ...rest]))),
      { seed: 13, numRuns: 300 },
    );

  test('a miss has exactly one reason, and nothing else has one', () => {
    always((steps) => {
      const events = steps.map(({ event }) => event);
      expect(events.filter(({ type }) => type === 'CallMissed').length).toBeLessThanOrEqual(1);
      for (const event of events)
        if (event.type === 'CallConcluded') expect(event.missReason !== null).toBe(event.status === 'missed');
    });
  });

  test('a finished call never reopens, and rings at nobody', () => {
    let finished = 0;
    always((steps) => {
      for (const { before, event } of steps) {
        if (before.conclusion === null) continue;
        finished++;
        expect(event.type).not.toMatch(/^(CallOffered|CallAnswering|CallPlaced|CallReceived|Offer\w+)$/);
        expect(call.evolve(before, event).conclusion).not.toBeNull();
      }
    });
    expect(finished).toBeGreaterThan(100);
  });

  test('a finished call has one of the statuses of its direction', () => {
    const possible = {
      incoming: ['completed', 'missed', 'disconnected'],
      outgoing: ['completed', 'disconnected', 'unanswered'],
    };
    expect(new Set([...possible.incoming, ...possible.outgoing, 'ongoing'])).toEqual(new Set(CallStatus.options));
    always((steps) => {
      for (const { event } of steps)
        if (event.type === 'CallConcluded') expect(possible[event.direction]).toContain(event.status);
    });
  });

  test('it rings at one agent at a time', () => {
    always((steps) => {
      for (const { before } of steps)
        expect(
          before.offers.filter(({ state }) => state === 'ringing' || state === 'answering').length,
        ).toBeLessThanOrEqual(1);
    });
  });
});
