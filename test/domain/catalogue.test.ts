import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { agent } from '../../domain/agent.ts';
import { call } from '../../domain/call.ts';
import { channel } from '../../domain/channel.ts';
import { conversation } from '../../domain/conversation.ts';
import { type Decider, isRefusal, refuse, same } from '../../domain/decider.ts';
import { catalogue, type DomainEvent } from '../../domain/index.ts';
import { permission } from '../../domain/permission.ts';
import { personal, personalFields } from '../../domain/personal.ts';
import { routing } from '../../domain/routing.ts';
import { ticket } from '../../domain/ticket.ts';
import { days, hours, minutes, seconds, within } from '../../domain/time.ts';
import { upcast, versionOf } from '../../domain/upcasts.ts';
import { eventOf } from '../store/arbitrary-event.ts';

/** Any decider, as far as reading its events goes. */
type Reader = Pick<Decider<never, DomainEvent, unknown>, 'category' | 'events' | 'initial'> & {
  evolve(s: never, e: never): unknown;
};

const deciders: readonly Reader[] = [agent, call, channel, conversation, permission, routing, ticket];

describe('the catalogue of events', () => {
  test('knows every event of every decider, each by a name of its own', () => {
    const names = deciders.flatMap(({ events }) => Object.keys(events));
    expect(new Set(names).size).toBe(names.length);
    expect([...catalogue.keys()].toSorted()).toEqual(names.toSorted());
  });

  test.each([...catalogue].map(([type, { category, schema }]) => ({ type, category, schema })))(
    'says when $type happened, in the past tense',
    ({ type, schema }) => {
      expect(schema.safeParse({ type }).error?.issues.map(({ path }) => path[0])).toContain('at');
      expect(type).toMatch(/(ed|Out|Made|Sent|Began|Unknown|Ringing|Up|Answering)$/);
    },
  );

  test.each([
    ['CallReceived', ['waId', 'customerName', 'sdpOffer'], 'customerId'],
    ['TicketOpened', ['waId', 'customerName'], 'customerId'],
    ['NoteAdded', ['text'], 'customerId'],
    ['PermissionRequested', ['body'], 'customerId'],
    ['CallInvited', ['body'], 'customerId'],
    ['CallbackRequested', ['waId', 'customerName'], 'customerId'],
    ['MissedCallsDismissed', ['reason'], 'customerId'],
    ['AgentRegistered', ['name', 'email'], 'agentId'],
  ])('%s keeps %j from the log in clear, for %s', (type, fields, subject) => {
    const shape = catalogue.get(type)!;
    expect([...shape.personal.keys()].toSorted()).toEqual(fields.toSorted());
    expect(new Set(shape.personal.values())).toEqual(new Set([subject]));
  });

  test('every personal field belongs to a person whom its event names', () => {
    for (const [type, { schema, personal }] of catalogue)
      for (const subject of personal.values())
        expect(Object.keys((schema as unknown as z.ZodObject).shape), type).toContain(subject);
  });
});

describe('reading events', () => {
  test.each(deciders.map((decider) => [decider.category, decider] as const))(
    'of a %s never fails, whatever their order',
    (category, decider) => {
      const types = [...catalogue].flatMap(([type, shape]) => (shape.category === category ? [type] : []));
      const any = fc.oneof(...types.map(eventOf)) as fc.Arbitrary<DomainEvent>;
      fc.assert(
        fc.property(fc.array(any, { maxLength: 15 }), (events) => {
          let state = decider.initial;
          for (const event of events) state = decider.evolve(state as never, event as never);
          expect(state).toBeTruthy();
        }),
        { seed: 23, numRuns: 100 },
      );
    },
  );
});

describe('old versions of events', () => {
  test.each([
    { version: 1, stored: { at: 5, agentId: 'ben', callId: 'c1' } },
    { version: 2, stored: { at: 5, agentId: 'ben', callId: 'c1', direction: 'outgoing' } },
  ])('AgentReserved of version $version reads as today’s', ({ version, stored }) => {
    const { schema } = catalogue.get('AgentReserved')!;
    expect(schema.parse({ type: 'AgentReserved', ...upcast('AgentReserved', version, stored) })).toEqual({
      type: 'AgentReserved',
      at: 5,
      agentId: 'ben',
      callId: 'c1',
      direction: 'outgoing',
    });
  });

  test('CallMissed without the agent’s name reads as today’s', () => {
    expect(upcast('CallMissed', 1, { agentId: 'ben' })).toEqual({ agentId: 'ben', agentName: null, team: null });
  });

  test('new events are written at the newest version', () => {
    expect(versionOf('AgentReserved')).toBe(2);
    expect(versionOf('CallPlaced')).toBe(1);
    expect(upcast('CallPlaced', 1, { at: 5 })).toEqual({ at: 5 });
  });
});

describe('the words the rules are written in', () => {
  test('a refusal is told from events', () => {
    expect(isRefusal(refuse('call.ended', { retryAt: 5 }))).toBe(true);
    expect(isRefusal([])).toBe(false);
  });

  test.each([
    [{ a: 1, b: [{ c: 2, d: null }] }, { b: [{ d: null, c: 2 }], a: 1 }, true],
    [{ a: 1 }, { a: 1, b: undefined }, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: 1 }, { a: '1' }, false],
    [null, {}, false],
  ])('%j and %j say the same: %s', (a, b, expected) => {
    expect(same(a, b)).toBe(expected);
  });

  test('lengths of time', () => {
    expect([seconds(1), minutes(1), hours(1), days(1)]).toEqual([1_000, 60_000, 3_600_000, 86_400_000]);
  });

  test.each([
    { at: 0, inside: false },
    { at: 1, inside: true },
    { at: 10, inside: true },
  ])('a window of 10 up to 10 holds $at: $inside', ({ at, inside }) => {
    expect(within(10, 10)(at)).toBe(inside);
  });

  test('a personal field may be unknown, and is marked as its person’s', () => {
    const shape = { at: z.int(), name: personal(z.string()), agentName: personal(z.string(), 'agentId') };
    expect(shape.name.parse(null)).toBeNull();
    expect([...personalFields(shape)]).toEqual([
      ['name', 'customerId'],
      ['agentName', 'agentId'],
    ]);
  });
});
