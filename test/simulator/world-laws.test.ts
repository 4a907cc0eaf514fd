import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepTime } from '../../simulator/calls.ts';
import { customersOf } from '../../simulator/customers.ts';
import { actOnCall, type CallAction } from '../../simulator/graph-calls.ts';
import { GraphError } from '../../simulator/graph-error.ts';
import { Message, sendMessage } from '../../simulator/graph-messages.ts';
import { Limits } from '../../simulator/limits.ts';
import type { Webhook } from '../../simulator/outbox.ts';
import { permissionReport } from '../../simulator/permission-report.ts';
import { Problem } from '../../simulator/problem.ts';
import { newRecords } from '../../simulator/records.ts';
import { recordsOf, snapshotOf } from '../../simulator/snapshot.ts';
import { timersOn } from '../../simulator/timers.ts';
import { createWorld, type World } from '../../simulator/world.ts';
import { answer, channelId, days, hours, offer, permissionTemplate, seconds, stoppedClock, waId } from './running.ts';

const who = { waId, channelId };
const product = { messaging_product: 'whatsapp' as const };
const request = Message.parse({ ...product, ...permissionTemplate });

const acts = ['connect', 'request', 'answer', 'decline', 'hang-up', 'call', 'accept', 'cancel', 'grant', 'restart'];
const often: typeof acts = ['connect', 'connect', 'answer', 'answer', 'hang-up', 'request', 'grant'];
type Act = (typeof acts)[number];
type Step = { act: Act; after: number };
const steps = fc.array(
  fc.record<Step>({
    act: fc.constantFrom(...acts, ...often, ...often),
    after: fc.constantFrom(0, 0, 1, seconds(20), seconds(20), seconds(70), hours(2), hours(23), hours(25)),
  }),
  { minLength: 20, maxLength: 80, size: 'max' },
);
const limits = fc.record({
  requestsPer24h: fc.integer({ min: 1, max: 3 }),
  requestsPer7d: fc.integer({ min: 1, max: 4 }),
  connectedPer24h: fc.integer({ min: 1, max: 3 }),
  unansweredToRevoke: fc.integer({ min: 1, max: 4 }),
});
type Given = Partial<Limits>;

/** What an observer of Meta's answers and webhooks saw, in order. */
type Seen = { at: number; what: 'requested' | 'placed' | 'connected' | 'picked up' | 'granted' | 'revoked' };

type Check = (before: Report, act: Act, went: boolean) => void;

/** Lets the steps happen to one number and one customer; `check` is told of each attempt and of how it went. */
function live(given: Given, all: readonly Step[], check: Check = () => {}) {
  const { clock, pass, timers } = time();
  const seen: Seen[] = [];
  const note = (what: Seen['what']) => seen.push({ at: clock.now(), what });
  const send = (webhook: Webhook) => observe(webhook, note);
  const limits = Limits.parse({ ...given, queriesPerSecond: 1_000_000 });
  let world = createWorld({ clock, timers, send, records: { ...newRecords(), limits } });

  for (const { act, after } of all) {
    pass(after);
    if (act === 'restart') {
      world = createWorld({ clock, timers, send, records: kept(world) });
      for (const call of world.liveCalls()) keepTime(world, call);
      continue;
    }
    const before = reportOf(world);
    const went = attempt(world, act);
    if (went && act in noted) note(noted[act]!);
    check(before, act, went);
  }
  timers.stop();
  return { seen, limits };
}

const noted: Readonly<Record<Act, Seen['what']>> = { request: 'requested', connect: 'placed', accept: 'picked up' };

/** A clock and its timers, which fire on the way. */
function time() {
  const clock = stoppedClock();
  const timers = timersOn(clock);
  const pass = (ms: number) => {
    const until = clock.now() + ms;
    for (let next = timers.nextAt(); next !== undefined && next <= until; next = timers.nextAt()) {
      void clock.advance(Math.max(next - clock.now(), 0));
      timers.fireDue();
    }
    void clock.advance(until - clock.now());
  };
  return { clock, timers, pass };
}

/** What a restart finds of a world; its timers are gone. */
function kept(world: World) {
  for (const { timers } of world.liveCalls()) for (const cancel of timers) cancel();
  const written = JSON.stringify(snapshotOf(world.records));
  const records = recordsOf(JSON.parse(written));
  expect(JSON.parse(JSON.stringify(snapshotOf(records)))).toEqual(JSON.parse(written));
  return records;
}

type Report = { mayRequest: boolean; mayCall: boolean };

function reportOf(world: World): Report {
  const conversation = world.conversation(channelId, waId);
  const [asking, calling] = permissionReport(world, conversation).actions;
  return {
    mayRequest: asking!.can_perform_action,
    mayCall: calling!.can_perform_action && conversation.liveCall === undefined,
  };
}

/** Whether it could be done. */
function attempt(world: World, act: Act): boolean {
  const customers = customersOf(world);
  const onCall = (action: Partial<CallAction>) => {
    const call_id = world.conversation(channelId, waId).liveCall?.id ?? 'wacid.NONE';
    actOnCall(world, channelId, { ...product, call_id, ...action } as CallAction);
  };
  const ways: Record<string, () => unknown> = {
    connect: () => onCall({ action: 'connect', to: waId, session: offer } as CallAction),
    accept: () => onCall({ action: 'accept', session: answer } as CallAction),
    cancel: () => onCall({ action: 'terminate' }),
    request: () => sendMessage(world, channelId, request),
    answer: () => customers.answer(who),
    decline: () => customers.decline(who),
    'hang-up': () => customers.hangUp(who),
    call: () => customers.call(who),
    grant: () => customers.permit(who, { response: 'accept', source: 'profile', permanent: false }),
  };
  try {
    ways[act]!();
    return true;
  } catch (refusal) {
    if (refusal instanceof GraphError || refusal instanceof Problem) return false;
    throw refusal;
  }
}

type Value = {
  statuses?: { status: string }[];
  messages?: { interactive?: { call_permission_reply: { response: string; response_source: string } } }[];
};

function observe({ value }: Webhook, note: (what: Seen['what']) => void) {
  const { statuses: [status] = [], messages: [message] = [] } = value as Value;
  if (status?.status === 'ACCEPTED') note('connected');
  const reply = message?.interactive?.call_permission_reply;
  if (reply?.response === 'accept') note('granted');
  if (reply?.response === 'reject' && reply.response_source === 'automatic') note('revoked');
}

/** The most of these moments that lie in any window of that length. */
const most = (moments: readonly number[], span: number) =>
  Math.max(0, ...moments.map((end) => moments.filter((at) => at > end - span && at <= end).length));

const law = { seed: 7, numRuns: 100 };
const everything = [limits, steps] as const;

test('never lets more requests through than its limits between two conversations, in whatever order', () => {
  fc.assert(
    fc.property(...everything, (given, all) => {
      const { seen, limits } = live(given, all);
      const runs: number[][] = [[]];
      for (const { at, what } of seen) {
        if (what === 'connected' || what === 'picked up') runs.push([]);
        if (what === 'requested') runs.at(-1)!.push(at);
      }
      for (const run of runs) {
        expect(most(run, hours(24))).toBeLessThanOrEqual(limits.requestsPer24h);
        expect(most(run, days(7))).toBeLessThanOrEqual(limits.requestsPer7d);
      }
    }),
    law,
  );
});

test('never connects more calls in a day than its limit, in whatever order', () => {
  fc.assert(
    fc.property(...everything, (given, all) => {
      const { seen, limits } = live(given, all);
      const connected = seen.filter(({ what }) => what === 'connected').map(({ at }) => at);
      expect(most(connected, hours(24))).toBeLessThanOrEqual(limits.connectedPer24h);
    }),
    law,
  );
});

test('places no call after a revocation before the customer allows it again', () => {
  fc.assert(
    fc.property(...everything, (given, all) => {
      let isRevoked = false;
      for (const { what } of live(given, all).seen) {
        if (what === 'placed') expect(isRevoked).toBe(false);
        if (what === 'revoked') isRevoked = true;
        if (what === 'granted') isRevoked = false;
      }
    }),
    law,
  );
});

test('does what it reports can be done, and refuses what it reports cannot', () => {
  fc.assert(
    fc.property(...everything, (given, all) => {
      live(given, all, ({ mayRequest, mayCall }, act, went) => {
        if (act === 'request') expect(went).toBe(mayRequest);
        if (act === 'connect') expect(went).toBe(mayCall);
      });
    }),
    law,
  );
});

test('is tried on histories in which everything happens', () => {
  const happened = new Set<string>();
  fc.assert(
    fc.property(...everything, (given, all) => {
      for (const { what } of live(given, all).seen) happened.add(what);
    }),
    law,
  );
  expect([...happened].toSorted()).toEqual(['connected', 'granted', 'picked up', 'placed', 'requested', 'revoked']);
});
