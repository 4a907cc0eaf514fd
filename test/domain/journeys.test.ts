import { describe, expect, test } from 'vitest';
import { call } from '../../domain/call.ts';
import { tagsOf } from '../../domain/call-state.ts';
import { staffOf } from '../../domain/hand-out.ts';
import type { Journey } from '../../domain/journey.ts';
import { routeCall } from '../../domain/route-call.ts';
import { RoutingMode, routing } from '../../domain/routing.ts';
import { history, scenario } from '../support/scenario.ts';
import { noon, profile } from './agent-facts.ts';
import { type CallCommand, incoming } from './call-facts.ts';
import { question, who } from './route-facts.ts';

const { given } = scenario(routing);

const anyCall = { channels: [], regions: [], tags: [], between: null, skills: [] };
const journey = (when: Partial<Journey['when']>, route: Journey['route'], priority = 1): Journey => ({
  journeyId: `j${priority}`,
  name: 'Journey',
  priority,
  when: { ...anyCall, ...when },
  route,
});
const inTeams = (...teams: string[]) => ({ profile: { ...profile, teams } });
const ben = who('ben', inTeams('care'));
const voice = who('voice', { ...inTeams('voice', 'hindi'), turn: { at: 9, nth: 1 } });
const toVoice = { team: 'voice' };

const led = (one: Journey, of: object = {}) =>
  routeCall(
    question([ben, voice], {
      journeys: [one],
      call: { startedAt: noon, channelId: '8001', waId: '919999900000', tags: [], ...of },
    }),
  );

describe('a journey', () => {
  test.each<[string, Partial<Journey['when']>, object, boolean]>([
    ['every call', {}, {}, true],
    ['a channel', { channels: ['8002', '8001'] }, {}, true],
    ['a channel', { channels: ['8002'] }, {}, false],
    ['a region', { regions: ['44', '91'] }, {}, true],
    ['a region', { regions: ['44'] }, {}, false],
    ['a region, of an unknown number', { regions: ['91'] }, { waId: null }, false],
    ['a tag', { tags: ['vip'] }, { tags: ['spring', 'vip'] }, true],
    ['a tag', { tags: ['vip'] }, { tags: [] }, false],
    ['two conditions', { tags: ['vip'], regions: ['91'] }, { tags: ['vip'] }, true],
    ['two conditions', { tags: ['vip'], regions: ['44'] }, { tags: ['vip'] }, false],
  ])('leads the calls of %s %j', (_, when, of, isLed) => {
    const route = led(journey(when, toVoice), of);
    expect(route).toMatchObject(isLed ? { chosen: 'voice', journeyId: 'j1' } : { chosen: 'ben', journeyId: null });
  });

  test.each([
    ['12:00', '13:00', true],
    ['11:59', '12:00', false],
    ['12:01', '13:00', false],
    ['22:00', '12:01', true],
    ['22:00', '12:00', false],
    ['00:00', '24:00', true],
  ])('leads the calls of a time of day, at noon from %s until %s: %s', (from, until, isLed) => {
    expect(led(journey({ between: { timezone: 'UTC', from, until } }, toVoice)).chosen === 'voice').toBe(isLed);
  });

  test('knows the hour of its own time zone', () => {
    const kolkata = { timezone: 'Asia/Kolkata', from: '17:30', until: '17:31' };
    expect(led(journey({ between: kolkata }, toVoice)).chosen).toBe('voice');
  });

  test('leads to one agent, or to a team, with the skills it asks for', () => {
    expect(led(journey({}, { agent: 'voice' })).chosen).toBe('voice');
    expect(led(journey({ skills: ['hindi'] }, toVoice)).chosen).toBe('voice');
    expect(led(journey({ skills: ['hindi', 'tamil'] }, toVoice)).chosen).toBe('ben');
  });

  test.each<[string, Journey['route'], string | null]>([
    ['to a second team of theirs', { team: 'hindi' }, 'hindi'],
    ['to them by name', { agent: 'voice' }, 'voice'],
  ])('gives a call that it leads %s to a member of the team %s', (_, route, team) => {
    const journeys = [journey({}, route)];
    const given = { colleague: voice, journeyId: 'j1' };
    expect(staffOf(given, { ...routing.initial, journeys })).toEqual({ agentName: profile.name, team });
    expect(staffOf({ ...given, colleague: null }, routing.initial)).toEqual({ agentName: null, team: null });
  });

  test('falls through to the next, and then to the mode, when it leads to nobody who is free', () => {
    const journeys = [journey({}, { team: 'nobody' }), journey({}, toVoice, 2)];
    expect(routeCall(question([ben, voice], { journeys })).journeyId).toBe('j2');
    const away = { ...voice, state: { ...voice.state, active: false } };
    expect(routeCall(question([ben, away], { journeys }))).toMatchObject({ chosen: 'ben', journeyId: null });
  });

  test.each(RoutingMode.options)('is asked before the mode %s', (mode) => {
    const journeys = [journey({}, toVoice)];
    expect(routeCall(question([ben, voice], { journeys }, { mode }))).toMatchObject({
      chosen: 'voice',
      journeyId: 'j1',
      noAgent: null,
    });
  });

  test('knows the words that the call button or deep link carried', () => {
    const received = { ...incoming.received(), ctaPayload: 'vip, spring', deeplinkPayload: 'shop;' } as CallCommand;
    const tags = tagsOf(history(call, [received]).state);
    expect(tags).toEqual(['vip', 'spring', 'shop']);
    expect(led(journey({ tags: ['shop'] }, toVoice), { tags }).chosen).toBe('voice');
  });

  test('never leads beyond the channel’s hours', () => {
    const journeys = [journey({}, toVoice)];
    expect(routeCall(question([voice], { journeys, channelMiss: 'outside_hours' }))).toMatchObject({
      chosen: null,
      noAgent: 'outside_hours',
    });
  });
});

describe('the journeys of a store', () => {
  const define = (priority: number, name = 'Journey') =>
    ({ type: 'DefineJourney', at: noon, ...journey({}, toVoice, priority), name }) as const;
  const defined = (ruleVersion: number) =>
    ({ type: 'JourneyDefined', at: noon, ruleVersion, ...journey({}, toVoice) }) as const;

  test('are asked in the order of their priority', () => {
    const { journeys, ruleVersion } = history(routing, [define(3), define(1), define(2), define(3, 'Last')]).state;
    expect(journeys.map(({ journeyId }) => journeyId)).toEqual(['j1', 'j2', 'j3']);
    expect(ruleVersion).toBe(4);
  });

  test('are defined once, and gone when removed', () => {
    const remove = { type: 'RemoveJourney', at: noon, journeyId: 'j1' } as const;
    given().when(define(1)).then(defined(1));
    given(defined(1)).when(define(1)).thenNothing();
    given(defined(1))
      .when(remove)
      .then({ ...remove, type: 'JourneyRemoved', ruleVersion: 2 });
    given().when(remove).thenRefused('journey.unknown');
    expect(history(routing, [define(1), remove]).state.journeys).toEqual([]);
  });
});
