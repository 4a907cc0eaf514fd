import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { call } from '../../domain/call.ts';
import type { Payloads } from '../../domain/call-events.ts';
import { tagsOf } from '../../domain/call-state.ts';
import { history } from '../support/scenario.ts';
import { type CallCommand, incoming } from './call-facts.ts';

type Told = Partial<Payloads>;
const nothing: Payloads = { ctaPayload: null, deeplinkPayload: null };
const button: Payloads = { ...nothing, ctaPayload: 'invite-7781' };
const link: Payloads = { ...nothing, deeplinkPayload: 'site-header' };

const connect = (told: Told, late = 0) => ({ ...incoming.received(late), ...told }) as CallCommand;
const terminate = (told: Told, after = 9) => {
  const command = incoming.terminated({ after }) as Extract<CallCommand, { type: 'TerminateIncoming' }>;
  return { ...command, seen: { ...command.seen, ...told } };
};
const payloadsAfter = (...commands: CallCommand[]) => history(call, commands).state.payloads;
const typesOf = (...commands: CallCommand[]) => history(call, commands).events.map(({ type }) => type);

describe('where an incoming call came from', () => {
  test.each([
    ['the connect', [connect(button)], button],
    ['a terminate alone', [terminate(button)], button],
    ['the connect after a silent terminate', [terminate({}), connect(button)], button],
    ['the terminate before a silent connect', [terminate(button), connect({})], button],
    ['the terminate after a silent connect', [connect({}), terminate(button)], button],
    ['both', [connect(link), terminate(link)], link],
    ['neither', [connect({}), terminate({})], nothing],
  ])('is told by %s', (_, commands, payloads) => {
    expect(payloadsAfter(...commands)).toEqual(payloads);
  });

  test('is told by a connect of the very second in which the caller hung up', () => {
    expect(payloadsAfter(terminate({}, 0), connect(button))).toEqual(button);
  });

  test('is an event of its own only where it is news', () => {
    expect(typesOf(connect({}), terminate(button))).toEqual(['CallReceived', 'CallOriginRevealed', 'CallEnded']);
    expect(typesOf(connect(button), connect(button), terminate(button), terminate(button))).toEqual([
      'CallReceived',
      'CallEnded',
    ]);
  });

  test('is told late without losing the words that journeys ask for', () => {
    const { state } = history(call, [terminate({ ctaPayload: 'vip, spring' }), connect({})]);
    expect(tagsOf(state)).toEqual(['vip', 'spring']);
  });

  test('is the same in any order, and however often its webhooks come', () => {
    const origin = fc.constantFrom(button, link, nothing);
    const story = origin
      .chain((told) => fc.tuple(fc.constantFrom(told, nothing), fc.constantFrom(told, nothing), fc.nat({ max: 30 })))
      .chain(([first, last, after]) => {
        const facts = [connect(first), terminate(last, after)];
        const order = fc.array(fc.constantFrom(...facts), { minLength: 2, maxLength: 6 });
        return fc.record({ facts: fc.constant(facts), order: order.map((some) => [...some, ...facts]) });
      });
    fc.assert(
      fc.property(story, ({ facts, order }) => {
        expect(payloadsAfter(...order)).toEqual(payloadsAfter(...facts));
      }),
      { seed: 37, numRuns: 300 },
    );
  });
});
