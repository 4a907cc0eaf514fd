import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MissReason } from '../../domain/call-events.ts';
import { callbackCauseOf } from '../../domain/callback-events.ts';
import { pairOfCallback } from '../../domain/callback-request.ts';
import { conversation } from '../../domain/conversation.ts';
import { fold } from '../../domain/decider.ts';
import { days, hours, minutes } from '../../domain/time.ts';
import { scenario, stepsOf } from '../support/scenario.ts';

type Command = Parameters<typeof conversation.decide>[1];
type Event = Parameters<typeof conversation.evolve>[1];
type Asking = Partial<Extract<Command, { type: 'RequestCallback' }>>;

const { given } = scenario(conversation);
const noon = Date.UTC(2026, 0, 5, 12);
const pair = { channelId: '800000000000001', customerId: 'cus_asha' };
const person = { channelName: 'Care', waId: '910000000042', customerName: 'Asha' };
const callbackId = `${pair.channelId}.${pair.customerId}.1`;
const of = { ...pair, ticketId: 't1', callbackId };

const ticketOpened = { type: 'ConversationTicketOpened', at: noon, ...pair, ticketId: 't1', reopening: null } as const;
const ticketClosed = (at = noon): Event => ({ type: 'ConversationTicketClosed', at, ...pair, ticketId: 't1' });

/** Missed out of hours at noon, heard of at once, unless told otherwise. */
const ask = ({ at = noon, callId = 'c1', because = 'outside_hours', now = at, ...over }: Asking = {}): Command => ({
  ...{ type: 'RequestCallback', at, ...pair, ticketId: 't1', callId, because, ...person, now },
  ...over,
});
const tap = (at = noon, callId: string | null = null): Command => ask({ at, callId, because: 'customer_asked' });
const reached = (at: number, callId = 'c9', agentId: string | null = 'ben'): Command => ({
  ...{ type: 'RecordReached', at, ...pair, callId, agentId },
});
const withdraw = (callId: string, at = noon): Command => ({ type: 'WithdrawCallback', at, ...pair, callId });
const claim = (agentId: string, at = noon): Command => ({ type: 'ClaimCallback', at, ...pair, callbackId, agentId });
const release = (agentId: string, isManager = false): Command => ({
  ...{ type: 'ReleaseCallback', at: noon, ...pair, callbackId, agentId, isManager },
});
const expire = (at: number): Command => ({ type: 'ExpireCallback', at, ...pair });

type Requested = Extract<Event, { type: 'CallbackRequested' }>;
type Asked = Extract<Event, { type: 'CallbackRequestRenewed' }>;
const requested = (at = noon, over: Partial<Requested> = {}): Event => ({
  ...{ type: 'CallbackRequested', at, ...of, callId: 'c1', because: 'outside_hours', ...person },
  expiresAt: at + hours(168),
  ...over,
});
const again = (at: number, callId: string | null = 'c2', over: Partial<Asked> = {}): Event => ({
  ...{ type: 'CallbackRequestRenewed', at, ...of, callId, because: 'outside_hours', expiresAt: at + hours(168) },
  ...over,
});
const claimed = (agentId: string): Event => ({ type: 'CallbackClaimed', at: noon, ...of, agentId });
const customerReached = (at: number, callId = 'c9'): Event => ({
  ...{ type: 'CustomerReached', at, ...pair, callId, agentId: 'ben' },
});
const fulfilled = (at: number): Event => ({ type: 'CallbackFulfilled', at, ...of, callId: 'c9', agentId: 'ben' });
const expired = (at = noon + hours(168)): Event => ({ type: 'CallbackExpired', at, ...of });
const closed = (because: Extract<Event, { type: 'CallbackClosed' }>['because'], at = noon): Event => ({
  ...{ type: 'CallbackClosed', at, ...of, because },
});

describe('a missed call', () => {
  test.each<[MissReason, boolean]>([
    ['outside_hours', true],
    ['no_agent_available', true],
    ['capacity_full', true],
    ['queue_timeout', true],
    ['agent_did_not_answer', false],
    ['all_declined', false],
    ['agent_socket_lost', false],
    ['caller_hung_up', false],
    ['unassigned_mode', false],
    ['incoming_disabled', false],
    ['provider_failure', false],
  ])('for the reason %s asks for a callback: %s', (reason, asks) => {
    expect(callbackCauseOf(reason)).toBe(asks ? reason : null);
  });

  test('has no other reason', () => {
    expect(MissReason.options).toHaveLength(11);
    expect(callbackCauseOf(null)).toBeNull();
  });
});

describe('a callback request', () => {
  test('is queued under the open ticket, until the permission that comes with it ends', () => {
    given(ticketOpened).when(ask()).then(requested());
    given(ticketOpened)
      .when(tap())
      .then(requested(noon, { callId: null, because: 'customer_asked' }));
  });

  test('has an id from which the customer and the channel are found', () => {
    expect(pairOfCallback(callbackId)).toEqual(pair);
    expect(encodeURIComponent(callbackId)).toBe(callbackId);
    expect(pairOfCallback('front-desk.cus_a.2')).toEqual({ channelId: 'front-desk', customerId: 'cus_a' });
  });

  test.each(['', 'nobody', 'a.b', 'a.b.0', 'a.b.x', 'a.b.1.2', 'a b.c.1', '.b.1'])('is not named by "%s"', (id) => {
    expect(pairOfCallback(id)).toBeNull();
  });

  test('has an id of its own every time', () => {
    given(ticketOpened, requested(), customerReached(noon + 1), fulfilled(noon + 1))
      .when(ask({ at: noon + 2, callId: 'c2' }))
      .then(requested(noon + 2, { callId: 'c2', callbackId: `${pair.channelId}.${pair.customerId}.2` }));
  });

  test('is joined by what is missed while it is open, and lasts as long as the last of them', () => {
    const [hour, day] = [hours(1), days(1)];
    given(ticketOpened, requested())
      .when(ask({ at: noon + hour, callId: 'c2' }))
      .then(again(noon + hour));
    given(ticketOpened, requested())
      .when(tap(noon + hour))
      .then(again(noon + hour, null, { because: 'customer_asked' }));
    given(ticketOpened, requested(noon + day))
      .when(ask({ at: noon, callId: 'c2', now: noon + day }))
      .then(again(noon, 'c2', { expiresAt: noon + day + hours(168) }));
  });

  test('is asked for once by one call, whichever of its two words comes first', () => {
    given(ticketOpened, requested()).when(ask()).thenNothing();
    given(ticketOpened, requested()).when(tap(noon, 'c1')).thenNothing();
    const byWord = requested(noon + minutes(1), { because: 'customer_asked' });
    given(ticketOpened, byWord)
      .when(tap(noon + minutes(1), 'c1'))
      .thenNothing();
    const expiresAt = noon + minutes(1) + hours(168);
    given(ticketOpened, byWord)
      .when(ask())
      .then(again(noon, 'c1', { expiresAt }));
    given(ticketOpened, byWord, again(noon, 'c1', { expiresAt }))
      .when(ask())
      .thenNothing();
  });

  test.each([
    { late: hours(168) - 1, queued: true },
    { late: hours(168), queued: false },
  ])('that is heard of $late ms late is queued: $queued', ({ late, queued }) => {
    const when = given(ticketOpened).when(ask({ now: noon + late }));
    if (queued) when.then(requested());
    else when.thenNothing();
  });

  test.each([
    { later: -1_000, queued: false },
    { later: 0, queued: true },
    { later: 1_000, queued: true },
  ])('from $later ms after the second in which the customer was reached is queued: $queued', ({ later, queued }) => {
    const when = given(ticketOpened, customerReached(noon + 999)).when(ask({ at: noon + later }));
    if (queued) when.then(requested(noon + later));
    else when.thenNothing();
  });

  test('is settled with its ticket, if that is resolved before we hear of it', () => {
    given().when(ask()).thenNothing();
    given(ticketOpened, ticketClosed()).when(ask()).thenNothing();
    given({ ...ticketOpened, ticketId: 't2' })
      .when(ask())
      .thenNothing();
  });
});

describe('an open request', () => {
  const [before, at] = [noon + minutes(5), noon + minutes(10)];
  const open = [ticketOpened, requested()] as const;

  test('is claimed by one agent', () => {
    given(...open)
      .when(claim('ben'))
      .then(claimed('ben'));
    given(...open, claimed('ben'))
      .when(claim('ben'))
      .thenNothing();
    given(...open, claimed('ben'))
      .when(claim('chi'))
      .thenRefused('callback.already_claimed', null);
  });

  test('tells who has it', () => {
    const state = fold(conversation, conversation.initial, [...open, claimed('ben')]);
    expect(conversation.decide(state, claim('chi'))).toMatchObject({ facts: { claimedBy: 'ben', claimedAt: noon } });
  });

  test.each([
    { who: 'ben', isManager: false, releases: true },
    { who: 'chi', isManager: false, releases: false },
    { who: 'chi', isManager: true, releases: true },
  ])('of Ben is given back by $who, a manager: $isManager: $releases', ({ who, isManager, releases }) => {
    const when = given(...open, claimed('ben')).when(release(who, isManager));
    if (releases) when.then({ type: 'CallbackReleased', at: noon, ...of, agentId: 'ben' });
    else when.thenRefused('callback.not_yours');
  });

  test('that nobody has is not given back', () => {
    given(...open)
      .when(release('ben'))
      .thenNothing();
    given(...open, claimed('ben'), { type: 'CallbackReleased', at: noon, ...of, agentId: 'ben' })
      .when(claim('chi'))
      .then(claimed('chi'));
  });

  test.each([
    { callId: 'c9', late: 0, fulfils: true },
    { callId: 'c9', late: -1, fulfils: false },
  ])(
    'is fulfilled by a call that connects $late ms after the customer asked: $fulfils',
    ({ callId, late, fulfils }) => {
      given(...open)
        .when(reached(noon + late, callId))
        .then(customerReached(noon + late), ...(fulfils ? [fulfilled(noon + late)] : []));
    },
  );

  test('is fulfilled whoever has claimed it', () => {
    given(...open, claimed('chi'))
      .when(reached(at))
      .then(customerReached(at), fulfilled(at));
  });

  test('stays when the customer has asked again since', () => {
    given(...open, again(at))
      .when(reached(before))
      .then(customerReached(before));
    given(...open, again(at), customerReached(before))
      .when(reached(at))
      .then(customerReached(at), fulfilled(at));
  });

  test.each([
    { after: hours(168) - 1, expires: false },
    { after: hours(168), expires: true },
  ])('expires $after ms after the customer asked: $expires', ({ after, expires }) => {
    const when = given(...open).when(expire(noon + after));
    if (expires) when.then(expired());
    else when.thenNothing();
  });

  test.each([
    { after: hours(168) - 1, refused: null },
    { after: hours(168), refused: 'callback.closed' },
  ])('$after ms after the customer asked is claimed: $refused', ({ after, refused }) => {
    const when = given(...open).when(claim('ben', noon + after));
    if (refused) when.thenRefused(refused);
    else when.then({ ...claimed('ben'), at: noon + after });
  });

  test.each([
    { after: hours(168) - 1, joins: true },
    { after: hours(168), joins: false },
  ])('is joined $after ms later: $joins, though no timer fired', ({ after, joins }) => {
    const later = noon + after;
    const when = given(...open).when(ask({ at: later, callId: 'c2' }));
    if (joins) when.then(again(later));
    else when.then(expired(), requested(later, { callId: 'c2', callbackId: `${pair.channelId}.${pair.customerId}.2` }));
  });

  test('that has run out is not fulfilled any more', () => {
    const late = noon + hours(168);
    given(...open)
      .when(reached(late))
      .then(customerReached(late));
  });

  test('is closed with its ticket', () => {
    given(...open)
      .when({ type: 'CloseTicket', at, ...pair, ticketId: 't1', resolution: 1 })
      .then(closed('ticket_resolved', at), ticketClosed(at));
    given(...open)
      .when({ type: 'CloseTicket', at, ...pair, ticketId: 't2', resolution: 1 })
      .thenNothing();
  });

  test('is left alone when missed calls are dismissed', () => {
    const dismissal = { at, ...pair, agentId: 'ben', reason: 'spoke on another phone' };
    given(...open)
      .when({ type: 'DismissMissedCalls', ...dismissal })
      .then({ type: 'MissedCallsDismissed', ...dismissal, ticketId: 't1' });
  });

  test('is closed when the call it came of turns out to have been answered', () => {
    given(...open)
      .when(reached(at, 'c1'))
      .then(customerReached(at, 'c1'), closed('call_answered', at));
    given(...open, again(before))
      .when(reached(at, 'c1'))
      .then(customerReached(at, 'c1'), { ...fulfilled(at), callId: 'c1' } as Event);
  });

  test('is closed when the call behind it asks for nothing, also if the customer seemed to ask later than they spoke', () => {
    const byWord = [ticketOpened, requested(at, { because: 'customer_asked' })] as const;
    given(...byWord)
      .when(withdraw('c1', at))
      .then(closed('not_asked', at));
    given(...byWord)
      .when(withdraw('c2', at))
      .thenNothing();
    given(...byWord, again(at))
      .when(withdraw('c1', at))
      .thenNothing();
    given(...byWord)
      .when(reached(before, 'c1'))
      .then(customerReached(before, 'c1'), closed('call_answered', before));
  });
});

describe('a request that is over', () => {
  const ends: [string, Event][] = [
    ['fulfilled', fulfilled(noon)],
    ['expired', expired()],
    ['closed', closed('ticket_resolved')],
  ];

  test.each(ends)('because it was %s is neither claimed nor given back', (_, end) => {
    given(ticketOpened, requested(), end).when(claim('ben')).thenRefused('callback.closed');
    given(ticketOpened, requested(), end).when(release('ben')).thenRefused('callback.closed');
  });

  test('is told from one that never was', () => {
    const second = { ...claim('ben'), callbackId: `${pair.channelId}.${pair.customerId}.2` } as Command;
    given(ticketOpened, requested(), expired()).when(second).thenRefused('callback.unknown');
    given().when(claim('ben')).thenRefused('callback.unknown');
  });

  test('does not expire', () => {
    given(ticketOpened, requested(), fulfilled(noon))
      .when(expire(noon + hours(168)))
      .thenNothing();
  });
});

describe('whatever happens, in whatever order, however often', () => {
  const minute = fc.integer({ min: 0, max: 30 });
  const at = (n: number) => noon + minutes(n);
  const anyCall = fc.constantFrom('c1', 'c2', 'c3');
  const agent = fc.constantFrom('ben', 'chi');
  const anything = fc.oneof(
    fc.tuple(minute, anyCall).map(([n, callId]) => ask({ at: at(n), callId })),
    fc.tuple(minute, fc.option(anyCall)).map(([n, callId]) => tap(at(n), callId)),
    fc.tuple(minute, anyCall).map(([n, callId]) => reached(at(n), callId)),
    fc.tuple(minute, anyCall).map(([n, callId]) => withdraw(callId, at(n))),
    fc.tuple(minute, agent).map(([n, who]) => claim(who, at(n))),
    fc.tuple(agent, fc.boolean()).map(([who, isManager]) => release(who, isManager)),
    minute.map((n) => expire(at(n) + hours(168))),
    fc.constantFrom<Command>(
      { type: 'CloseTicket', at: noon, ...pair, ticketId: 't1', resolution: 1 },
      { type: 'CloseTicket', at: noon, ...pair, ticketId: 't1', resolution: 2 },
      { type: 'ReopenTicket', at: noon, ...pair, ticketId: 't1', agentId: 'ben', resolution: 1 },
      { type: 'OpenTicketIfNone', at: noon, ...pair, ticketId: 't2', resolved: null },
    ),
  );
  type Steps = ReturnType<typeof stepsOf<Command, Event, typeof conversation.initial>>;
  const ofRequests = (steps: Steps) =>
    steps.flatMap(({ before, event }) =>
      'callbackId' in event ? [{ open: before.callback?.callbackId ?? null, event }] : [],
    );
  const always = (law: (steps: Steps) => void) =>
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 40, size: 'max' }), (doings) =>
        law(stepsOf(conversation, doings, [ticketOpened])),
      ),
      { seed: 17, numRuns: 300 },
    );

  test('a customer has one open request on a channel at most, and one that is over never reopens', () => {
    let ends = 0;
    always((steps) => {
      const over = new Set<string>();
      for (const { open, event } of ofRequests(steps)) {
        expect(over).not.toContain(event.callbackId);
        expect(open).toBe(event.type === 'CallbackRequested' ? null : event.callbackId);
        if (/Fulfilled|Expired|Closed/.test(event.type)) over.add(event.callbackId);
      }
      ends += over.size;
    });
    expect(ends).toBeGreaterThan(100);
  });

  test('an open request belongs to the open ticket', () => {
    always((steps) => {
      for (const { before } of steps) if (before.callback) expect(before.callback.ticketId).toBe(before.ticketId);
    });
  });

  test('somebody waits if they have asked since they were last reached, and nobody else does', () => {
    const [odd, even] = [minute.map((n) => 2 * n + 1), minute.map((n) => 2 * n)]; // never in the same second
    const facts = fc.record({ asked: fc.array(odd, { maxLength: 4 }), spoke: fc.array(even, { maxLength: 3 }) });
    const story = facts.chain(({ asked, spoke }) => {
      const calls = asked.map((n, i) => ask({ at: at(n), callId: `asks${i}`, now: at(90) }));
      const commands = [...calls, ...spoke.map((n, i) => reached(at(n), `connects${i}`))];
      const order = fc.shuffledSubarray([...commands, ...commands], { minLength: commands.length * 2 });
      return fc.record({ asked: fc.constant(asked), spoke: fc.constant(spoke), order });
    });
    fc.assert(
      fc.property(story, ({ asked, spoke, order }) => {
        const events = stepsOf(conversation, order, [ticketOpened]).map(({ event }) => event);
        const state = fold(conversation, conversation.initial, [ticketOpened, ...events]);
        expect(state.callback !== null).toBe(Math.max(-1, ...asked) > Math.max(-1, ...spoke));
      }),
      { seed: 19, numRuns: 300 },
    );
  });
});
