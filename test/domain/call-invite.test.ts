import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ButtonText, inviteEvents, TtlMinutes, usualInvite } from '../../domain/call-invite-events.ts';
import { conversation } from '../../domain/conversation.ts';
import { refuse } from '../../domain/decider.ts';
import { days, hours, minutes } from '../../domain/time.ts';
import { history, scenario, stepsOf } from '../support/scenario.ts';

type Command = Parameters<typeof conversation.decide>[1];
type Event = Parameters<typeof conversation.evolve>[1];
type Fields<T extends Event['type']> = Partial<Extract<Event, { type: T }>>;

const { given } = scenario(conversation);
const noon = Date.UTC(2026, 0, 5, 12);
const pair = { channelId: '800000000000001', customerId: 'asha' };
const about = (at: number, inviteId = 'i1') => ({ at, ...pair, inviteId });

const windowOpened: Event = { type: 'ServiceWindowOpened', at: noon, ...pair, until: noon + hours(24), by: 'message' };
const ticketOpened: Event = { type: 'ConversationTicketOpened', at: noon, ...pair, ticketId: 't1', reopening: null };
const ticketClosed: Event = { type: 'ConversationTicketClosed', at: noon, ...pair, ticketId: 't1' };

const freeForm = { method: 'free_form', template: null, body: 'Tap to call', displayText: 'Call Now' } as const;
const template = { name: 'call_us', language: 'en' };
const byTemplate = { method: 'template', template, body: null, displayText: null } as const;
const invite = (at: number, words: typeof freeForm | typeof byTemplate = byTemplate, ttlMinutes = 60) => ({
  type: 'InviteToCall' as const,
  ...about(at),
  ...words,
  ttlMinutes,
  agentId: 'ben',
  channel: null,
});
const invited = (at: number, more: Fields<'CallInvited'> = {}): Event => ({
  type: 'CallInvited',
  ...about(at),
  ...byTemplate,
  ticketId: 't1',
  ttlMinutes: 60,
  agentId: 'ben',
  expiresAt: at + minutes(60),
  ...more,
});
const ofInvite = (at: number, inviteId = 'i1') => ({ ...about(at, inviteId), ticketId: 't1' });
const sent = (at: number): Event => ({ type: 'CallInviteSent', ...ofInvite(at), messageId: 'wamid.1' });
const refused = (at: number): Event => ({ type: 'CallInviteRefused', ...ofInvite(at), metaErrorCode: 131026 });
const delivered = (at: number): Event => ({ type: 'CallInviteDelivered', ...ofInvite(at) });
const undelivered = (at: number): Event => ({ type: 'CallInviteUndelivered', ...ofInvite(at), metaErrorCode: 131026 });
const used = (at: number, callId = 'c1', ticketId = 't1'): Event => ({
  type: 'CallInviteUsed',
  ...ofInvite(at),
  ticketId,
  callId,
});
const expired = (at: number): Event => ({ type: 'CallInviteExpired', ...ofInvite(at) });

const recordSent = (at: number): Command => ({ type: 'RecordInviteSent', ...about(at), messageId: 'wamid.1' });
const recordRefused = (at: number): Command => ({ type: 'RecordInviteRefused', ...about(at), metaErrorCode: 131026 });
const recordDelivered = (at: number): Command => ({ type: 'RecordInviteDelivered', ...about(at) });
const recordUndelivered = (at: number): Command => ({
  type: 'RecordInviteUndelivered',
  ...about(at),
  metaErrorCode: 131026,
});
const recordUsed = (at: number, callId = 'c1', ticketId = 't1'): Command => ({
  type: 'RecordInviteUsed',
  ...about(at),
  ticketId,
  callId,
});
const expire = (at: number): Command => ({ type: 'ExpireInvite', ...about(at) });

describe('a customer is invited to call', () => {
  test('with the words, the button and the ticket on record', () => {
    given(windowOpened, ticketOpened)
      .when(invite(noon, freeForm, 100))
      .then(invited(noon, { ...freeForm, ttlMinutes: 100, expiresAt: noon + minutes(100) }));
  });

  test.each([
    { method: 'free_form', after: hours(24) - 1, goesOut: true },
    { method: 'free_form', after: hours(24), goesOut: false },
    { method: 'template', after: hours(24) - 1, goesOut: true },
    { method: 'template', after: hours(24), goesOut: true },
  ])('a $method invite $after ms after the customer wrote goes out: $goesOut', ({ method, after, goesOut }) => {
    const words = method === 'template' ? byTemplate : freeForm;
    const outcome = given(windowOpened, ticketOpened).when(invite(noon + after, words));
    if (goesOut) outcome.then(invited(noon + after, words));
    else outcome.thenRefused('conversation.window_closed', null);
  });

  test('without an open ticket, though one is opened for it: it then stands in none', () => {
    given()
      .when(invite(noon))
      .then(invited(noon, { ticketId: null }));
  });

  test.each(['free_form', 'template'])('a %s invite waits for nothing else: no limit, no permission', (method) => {
    const words = method === 'template' ? byTemplate : freeForm;
    given(windowOpened, ticketOpened, ...[1, 2, 3].map((n) => invited(noon, { inviteId: `earlier${n}` })))
      .when(invite(noon, words))
      .then(invited(noon, words));
  });

  test('unless nobody can call the number', () => {
    const channel = refuse('channel.calling_disabled', { retryAt: noon + days(7) });
    given(windowOpened)
      .when({ ...invite(noon), channel })
      .thenRefused('channel.calling_disabled', noon + days(7));
  });

  test('once by one command', () => {
    given(invited(noon)).when(invite(noon)).thenNothing();
  });
});

describe('a call button', () => {
  test.each([
    ['', false],
    ['  ', false],
    ['C', true],
    ['x'.repeat(20), true],
    ['x'.repeat(21), false],
  ])('may say "%s": %s', (text, allowed) => {
    expect(ButtonText.safeParse(text).success).toBe(allowed);
  });

  test.each([
    [0, false],
    [1, true],
    [1.5, false],
    [43_200, true],
    [43_201, false],
  ])('may be tapped for %s minutes: %s', (ttl, allowed) => {
    expect(TtlMinutes.safeParse(ttl).success).toBe(allowed);
  });

  test('says and lasts what Meta takes where the agent leaves it open', () => {
    expect(ButtonText.parse(usualInvite.displayText)).toBe('Call on WhatsApp');
    expect(TtlMinutes.parse(usualInvite.ttlMinutes)).toBe(7 * 24 * 60);
  });
});

describe('what becomes of an invite is told on its own ticket', () => {
  const later = noon + 5;
  const past = [ticketOpened, invited(noon)];

  test.each<[string, Event[], Command, Event]>([
    ['sent', past, recordSent(later), sent(later)],
    ['sent, said after it has arrived', [...past, delivered(noon)], recordSent(later), sent(later)],
    ['refused by Meta', past, recordRefused(later), refused(later)],
    ['delivered', [...past, sent(noon)], recordDelivered(later), delivered(later)],
    ['delivered before Meta’s answer', past, recordDelivered(later), delivered(later)],
    ['delivered, told in whole seconds', past, recordDelivered(noon - 999), delivered(noon)],
    ['undelivered', [...past, sent(noon)], recordUndelivered(later), undelivered(later)],
    ['delivered after the ticket was closed', [...past, ticketClosed], recordDelivered(later), delivered(later)],
  ])('%s', (_, events, command, outcome) => {
    given(...events)
      .when(command)
      .then(outcome);
  });

  test.each<[string, Event[], Command]>([
    ['sent twice', [...past, sent(noon)], recordSent(later)],
    ['refused after it was sent', [...past, sent(noon)], recordRefused(later)],
    ['refused after it has arrived', [...past, delivered(noon)], recordRefused(later)],
    ['delivered twice', [...past, delivered(noon)], recordDelivered(later)],
    ['delivered after it failed', [...past, undelivered(noon)], recordDelivered(later)],
    ['failed after it was delivered', [...past, delivered(noon)], recordUndelivered(later)],
    ['failed twice', [...past, undelivered(noon)], recordUndelivered(later)],
    ['failed after its time was up', [...past, expired(noon)], recordUndelivered(later)],
    ['of an invite nobody knows', [], recordDelivered(later)],
  ])('nothing new: %s', (_, events, command) => {
    given(...events)
      .when(command)
      .thenNothing();
  });
});

describe('an invite is used', () => {
  const past = [ticketOpened, invited(noon), sent(noon), delivered(noon)];

  test('by every call that came from it, each once, on the ticket of the call', () => {
    given(...past)
      .when(recordUsed(noon + 5, 'c1', 't2'))
      .then(used(noon + 5, 'c1', 't2'));
    given(...past, used(noon + 5))
      .when(recordUsed(noon + 9, 'c2'))
      .then(used(noon + 9, 'c2'));
    given(...past, used(noon + 5), used(noon + 9, 'c2'))
      .when(recordUsed(noon + 5))
      .thenNothing();
  });

  test('never before it was sent, though Meta tells in whole seconds when it was tapped', () => {
    given(...past)
      .when(recordUsed(noon - 999))
      .then(used(noon));
  });

  test.each([
    ['its time was up here', [expired(noon + minutes(60))]],
    ['Meta said it had failed', [undelivered(noon)]],
  ])('also when %s: the call is the proof', (_, events) => {
    given(ticketOpened, invited(noon), ...events)
      .when(recordUsed(noon + minutes(60)))
      .then(used(noon + minutes(60)));
  });

  test('not by a payload that is no invite of this conversation', () => {
    given(...past)
      .when({ ...recordUsed(noon), ...about(noon, 'of somebody else') } as Command)
      .thenNothing();
  });
});

describe('an invite expires', () => {
  test.each([
    { after: minutes(60) - 1, isOver: false },
    { after: minutes(60), isOver: true },
  ])('$after ms after it was made: $isOver', ({ after, isOver }) => {
    const outcome = given(ticketOpened, invited(noon), delivered(noon)).when(expire(noon + after));
    if (isOver) outcome.then(expired(noon + after));
    else outcome.thenNothing();
  });

  test('also when nobody ever heard what became of it, or it was used', () => {
    const end = noon + minutes(60);
    given(ticketOpened, invited(noon)).when(expire(end)).then(expired(end));
    given(ticketOpened, invited(noon), used(noon)).when(expire(end)).then(expired(end));
  });

  test.each([
    ['refused', refused(noon)],
    ['undelivered', undelivered(noon)],
    ['expired', expired(noon + minutes(60))],
  ])('not when it was %s already', (_, over) => {
    given(invited(noon), over)
      .when(expire(noon + minutes(60)))
      .thenNothing();
  });
});

describe('whatever is said of the invites of a conversation', () => {
  const inviteId = fc.constantFrom('i1', 'i2', 'i3');
  const at = fc.integer({ min: noon, max: noon + minutes(90) });
  const commands = [
    (when: number) => invite(when),
    recordSent,
    recordRefused,
    recordDelivered,
    recordUndelivered,
    expire,
    (when: number) => recordUsed(when, 'c1'),
    (when: number) => recordUsed(when, 'c2'),
  ];
  const anything = fc
    .tuple(fc.constantFrom(...commands), at, inviteId)
    .map(([command, when, id]) => ({ ...command(when), inviteId: id }) as Command);
  const ends = ['CallInviteRefused', 'CallInviteUndelivered', 'CallInviteExpired'];

  /** Words that may be said once of an invite. */
  const wordOf = (event: Event & { inviteId: string }) =>
    `${event.inviteId} ${ends.includes(event.type) ? 'end' : event.type} ${'callId' in event ? event.callId : ''}`;

  test('only those it has sent are used, each by a call once, and each ends once', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 40, size: 'max' }), (all) => {
        const told = stepsOf(conversation, all).flatMap(({ event }) => ('inviteId' in event ? [event] : []));
        const known = new Set<string>();
        for (const { type, inviteId: id } of told) {
          if (type === 'CallInvited') known.add(id);
          expect(known).toContain(id);
          kinds.add(type);
        }
        expect(new Set(told.map(wordOf)).size).toBe(told.length);
      }),
      { seed: 31, numRuns: 300 },
    );
    expect([...kinds].toSorted()).toEqual(Object.keys(inviteEvents).toSorted());
  });

  test('it remembers twenty: those that are over are forgotten first, then the oldest', () => {
    const many = [...Array(30).keys()];
    const invites = many.map((n) => ({ ...invite(noon), inviteId: `i${n}` }));
    const thirdFailed = { ...recordUndelivered(noon), inviteId: 'i2' } as Command;
    const rememberedAfter = (...commands: Command[]) =>
      history(conversation, commands).state.invites.map((one) => one.inviteId);
    const idsOf = (some: typeof invites) => some.map((one) => one.inviteId);
    expect(rememberedAfter(...invites)).toEqual(idsOf(invites.slice(-20)));
    expect(rememberedAfter(...invites.slice(0, 20), thirdFailed, invites[20]!)).toEqual(
      idsOf(invites.slice(0, 21)).filter((id) => id !== 'i2'),
    );
  });

  test('it remembers the latest twenty calls of an invite', () => {
    const many = [...Array(30).keys()];
    const { state } = history(conversation, [invite(noon), ...many.map((n) => recordUsed(noon, `c${n}`))]);
    expect(state.invites[0]?.callIds).toEqual(many.slice(-20).map((n) => `c${n}`));
  });
});
