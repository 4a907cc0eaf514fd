import { describe, expect, test } from 'vitest';
import { call } from '../../domain/call.ts';
import { outcomeOf } from '../../domain/call-ending.ts';
import { progressOf } from '../../domain/call-outcome.ts';
import { history } from '../support/scenario.ts';
import { at, type CallCommand, givenUp, hungUp, outgoing } from './call-facts.ts';

const { placed, dialled, refused, unknown, sdpAnswered, ringing, pickedUp, rejected, terminated } = outgoing;

const told = (...commands: CallCommand[]) => history(call, [placed(), ...commands]);
const conclusionOf = (...commands: CallCommand[]) => told(...commands).state.conclusion;
const answer = (command: CallCommand, ...past: CallCommand[]) => call.decide(told(...past).state, command);
const up = [dialled(1), sdpAnswered(2), ringing(3), pickedUp(10)] as const;

describe('an outgoing call goes its way', () => {
  test.each([
    ['dialling', []],
    ['dialling', [dialled(1), sdpAnswered(2)]],
    ['ringing', [dialled(1), ringing(3)]],
    ['in_call', up],
  ] as [string, CallCommand[]][])('and shows meanwhile that it is %s', (progress, commands) => {
    expect(progressOf(told(...commands).state)).toBe(progress);
    expect(conclusionOf(...commands)).toBeNull();
  });

  test('the media answer is not the pick-up', () => {
    expect(conclusionOf(dialled(1), sdpAnswered(2), ringing(3), terminated({ after: 40 }))).toMatchObject({
      status: 'unanswered',
      answeredAt: null,
    });
  });

  test('and is placed once', () => {
    expect(answer(placed())).toEqual([]);
  });
});

describe('an outgoing call counts', () => {
  test.each([
    [
      'completed',
      [...up, terminated({ after: 70, talked: 60 })],
      { status: 'completed', subStatus: null, ringSeconds: 10, talkSeconds: 60, endedBy: 'customer' },
    ],
    [
      'completed, ended by the agent',
      [...up, hungUp(69), terminated({ after: 70, talked: 60 })],
      { status: 'completed', endedBy: 'agent' },
    ],
    [
      'completed though nobody told of the pick-up',
      [ringing(3), terminated({ after: 70, talked: 60 })],
      { status: 'completed', answeredAt: at(10) },
    ],
    [
      'disconnected when it fails',
      [dialled(1), terminated({ after: 5, failed: true, metaErrorCode: 138020 })],
      { status: 'disconnected', subStatus: 'failed', endedBy: 'network' },
    ],
    [
      'disconnected when it drops after the pick-up',
      [...up, terminated({ after: 11 })],
      { status: 'disconnected', subStatus: 'dropped', answeredAt: at(10) },
    ],
    [
      'disconnected when it fails in the conversation',
      [...up, terminated({ after: 70, talked: 60, metaErrorCode: 138021 })],
      { status: 'disconnected', subStatus: 'dropped', talkSeconds: 60 },
    ],
    [
      'disconnected when Meta refuses it',
      [refused(1)],
      { status: 'disconnected', subStatus: 'refused', ringSeconds: 1 },
    ],
    [
      'disconnected, unconfirmed, when nobody knows whether Meta ever had it',
      [unknown(10), givenUp(9_000)],
      { status: 'disconnected', subStatus: 'unconfirmed', endedBy: 'network' },
    ],
    [
      'disconnected when nothing is heard any more of one that Meta had',
      [dialled(1), givenUp(9_000)],
      { status: 'disconnected', subStatus: 'failed' },
    ],
    [
      'unanswered, cancelled by us, though Meta never confirmed it',
      [ringing(3), hungUp(8), givenUp(68)],
      { status: 'unanswered', subStatus: 'cancelled', endedBy: 'agent' },
    ],
    [
      'unanswered',
      [dialled(1), ringing(3), terminated({ after: 40 })],
      { status: 'unanswered', subStatus: 'no_answer', endedBy: 'customer' },
    ],
    [
      'unanswered, declined',
      [dialled(1), ringing(3), rejected(8), terminated({ after: 9 })],
      { status: 'unanswered', subStatus: 'declined' },
    ],
    [
      'unanswered, cancelled by us',
      [dialled(1), ringing(3), hungUp(8), terminated({ after: 9 })],
      { status: 'unanswered', subStatus: 'cancelled', endedBy: 'agent' },
    ],
    [
      'unanswered, cancelled by us before the customer declined',
      [ringing(3), hungUp(8), rejected(9), terminated({ after: 9 })],
      { status: 'unanswered', subStatus: 'cancelled' },
    ],
    [
      'unanswered, declined before we cancelled',
      [ringing(3), rejected(8), hungUp(9), terminated({ after: 9 })],
      { status: 'unanswered', subStatus: 'declined' },
    ],
  ] as [string, CallCommand[], object][])('as %s', (_, commands, expected) => {
    expect(conclusionOf(...commands)).toMatchObject({ missReason: null, ...expected });
  });
});

describe('what Meta tells late', () => {
  test.each([
    ['a refusal of a call that rings', refused(5), [ringing(3)]],
    ['a refusal of a call that is over', refused(90), [terminated({ after: 70, talked: 60 })]],
    ['that the call was dialled, after it rang', dialled(5), [ringing(3)]],
    ['that the outcome is unknown, after it rang', unknown(5), [ringing(3)]],
    ['the same ringing', ringing(3), [ringing(3)]],
    ['the same media answer', sdpAnswered(3), [sdpAnswered(2)]],
    ['the same end', terminated({ after: 40 }), [terminated({ after: 40 })]],
  ] as [string, CallCommand, CallCommand[]][])('%s changes nothing', (_, command, past) => {
    expect(answer(command, ...past)).toEqual([]);
  });

  test('a pick-up told after the end corrects how the call counts', () => {
    expect(conclusionOf(ringing(3), terminated({ after: 40 }))).toMatchObject({ status: 'unanswered' });
    expect(conclusionOf(ringing(3), terminated({ after: 40 }), pickedUp(39))).toMatchObject({ status: 'disconnected' });
  });

  test('a conversation outweighs a refusal', () => {
    expect(conclusionOf(refused(1), pickedUp(10), terminated({ after: 70, talked: 60 }))).toMatchObject({
      status: 'completed',
    });
  });

  test.each([ringing(3), pickedUp(3), rejected(3), sdpAnswered(3), terminated({ after: 3 })])(
    'of a call we never placed is refused: $type',
    (command) => {
      expect(call.decide(call.initial, command)).toEqual({ refused: 'call.unknown' });
    },
  );
});

test.each([ringing(-0.9), pickedUp(-0.9), rejected(-0.9)])(
  'Meta’s whole seconds never put it before the call: $type',
  (command) => {
    expect(answer(command)).toEqual(expect.arrayContaining([expect.objectContaining({ at: at(0) })]));
  },
);

describe('Meta takes our end of it', () => {
  const taken = (after: number): CallCommand => ({ type: 'RecordHungUp', at: at(after), callId: 'call-1' });
  const outcomeAfter = (...commands: CallCommand[]) => outcomeOf(told(...commands).state);

  test('once it was asked for, and only as long as it goes on', () => {
    expect(answer(taken(6))).toEqual([]);
    expect(answer(taken(6), hungUp(5))).toMatchObject([{ type: 'CallHungUp', agentId: 'ben' }]);
    expect(answer(taken(7), hungUp(5), taken(6))).toEqual([]);
    expect(answer(taken(6), hungUp(5), terminated({ after: 5 }))).toEqual([]);
  });

  test.each<[string, CallCommand[], object]>([
    ['cancelled while it rings', [hungUp(5), taken(6)], { status: 'unanswered', subStatus: 'cancelled' }],
    ['declined before', [rejected(4), hungUp(5), taken(6)], { status: 'unanswered', subStatus: 'declined' }],
    ['answered', [pickedUp(3), hungUp(5), taken(6)], { answeredAt: at(3) }],
  ])('and until more is known it was %s', (_, commands, outcome) => {
    expect(outcomeAfter(...commands)).toMatchObject({ endedBy: 'agent', endedAt: at(6), ...outcome });
    expect(conclusionOf(...commands)).toBeNull();
  });

  test('but it counts as Meta says', () => {
    const counts = { status: 'completed', talkSeconds: 60 };
    expect(outcomeAfter(hungUp(65), taken(66), terminated({ after: 65, talked: 60 }))).toMatchObject(counts);
    expect(outcomeAfter(ringing(3))).toBeNull();
  });
});

test('only the agent whose call it is may end it', () => {
  expect(answer(hungUp(5, 'chi'))).toEqual({ refused: 'call.not_yours' });
  expect(answer(hungUp(5))).toEqual([expect.objectContaining({ type: 'CallEndRequested', metaCallId: null })]);
  expect(answer(hungUp(90), terminated({ after: 70, talked: 60 }))).toEqual({ refused: 'call.ended' });
});
