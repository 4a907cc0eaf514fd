import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { contextOf } from '../../../commands/write-side.ts';
import { call } from '../../../domain/call.ts';
import type { Call } from '../../../domain/call-state.ts';
import { fresh, openStore, startWorld, type World } from '../world.ts';
import { began, delivery, incoming, outgoing } from './samples.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world, []);
});
afterAll(() => world.stop());

const actor = { type: 'system', id: 'test' } as const;
const context = () => contextOf({ store: care.store, actor, commandId: randomUUID(), correlationId: 'test' });
const someone = () => ({ channelId: care.channelId, waId: fresh.number(), metaCallId: fresh.metaCallId() });

type Change = ReturnType<typeof incoming.connect>;

/** What a call came to, apart from when we heard of it. */
const outcomeOf = ({ conclusion, ended, direction, payloads, ...s }: Call) => ({
  conclusion,
  ended,
  direction,
  payloads,
  ringingAt: s.ringingAt,
  pickedUpAt: s.pickedUpAt,
  rejectedAt: s.rejectedAt,
  sdpAnswered: s.sdpAnswered,
});

/** Everything at least once, in any order, some of it several times. */
const disorder = (changes: number) =>
  fc
    .tuple(
      fc.shuffledSubarray([...Array(changes).keys()], { minLength: changes }),
      fc.array(fc.nat(changes - 1), { maxLength: 3 }),
    )
    .chain(([once, again]) => fc.shuffledSubarray([...once, ...again], { minLength: changes + again.length }));

const deliverAll = async (changes: readonly Change[], order: readonly number[]) => {
  for (const index of order) expect((await world.deliver(delivery(changes[index]!))).status).toBe(200);
};

const incomingCall = async (kinds: (keyof typeof incoming)[], order: readonly number[]) => {
  const who = someone();
  const callId = incomingCallId(who.channelId, who.metaCallId);
  await deliverAll(
    kinds.map((kind) => (incoming[kind] as typeof incoming.connect)(who)),
    order,
  );
  const route = { ticketId: 'ticket', mode: 'round_robin', ruleVersion: 0, candidates: [], chosen: null };
  const noAgent = 'no_agent_available';
  await world.w.transact(
    call,
    callId,
    { type: 'RouteCall', at: world.clock.now, callId, ...route, noAgent },
    context(),
  );
  return outcomeOf(await world.w.stateOf(call, callId));
};

const outgoingCall = async (kinds: (keyof typeof outgoing)[], order: readonly number[]) => {
  const who = someone();
  const { customerId } = await world.w.directory.identify(care.store, { waId: who.waId, bsuid: null, name: null });
  const callId = randomUUID();
  const parties = { channelId: who.channelId, channelName: 'Care', customerId, waId: who.waId, customerName: null };
  const placing = { agentId: 'ana', agentName: 'ana', team: null, ticketId: 'ticket' };
  const place = { type: 'PlaceCall', at: began * 1_000, callId, ...parties, ...placing } as const;
  await world.w.transact(call, callId, place, context());
  const changes = kinds.map((kind) => outgoing[kind]({ ...who, callId }));
  await deliverAll(changes as Change[], order);
  return outcomeOf(await world.w.stateOf(call, callId));
};

const runs = { numRuns: 6, seed: 7, endOnFailure: true };

test.each<[string, (keyof typeof incoming)[]]>([
  ['missed', ['connect', 'missed']],
  ['completed', ['connect', 'completed']],
  ['missed', ['connect', 'failed']],
])('an incoming call ends %s in whatever order and however often its webhooks come (%j)', async (status, kinds) => {
  const usual = await incomingCall(kinds, [...kinds.keys()]);
  expect(usual).toMatchObject({ conclusion: { status }, payloads: { ctaPayload: 'invite-7781' } });
  await fc.assert(
    fc.asyncProperty(disorder(kinds.length), async (order) => {
      expect(await incomingCall(kinds, order)).toEqual(usual);
    }),
    runs,
  );
});

test.each<[string, (keyof typeof outgoing)[]]>([
  ['completed', ['connect', 'ringing', 'accepted', 'completed']],
  ['unanswered', ['connect', 'ringing', 'rejected', 'unanswered']],
  ['disconnected', ['connect', 'ringing', 'failed']],
])('an outgoing call ends %s in whatever order and however often its webhooks come (%j)', async (status, kinds) => {
  const usual = await outgoingCall(kinds, [...kinds.keys()]);
  expect(usual.conclusion).toMatchObject({ status });
  await fc.assert(
    fc.asyncProperty(disorder(kinds.length), async (order) => {
      expect(await outgoingCall(kinds, order)).toEqual(usual);
    }),
    runs,
  );
});

test('one batch with the webhooks of two calls mixed ends both', async () => {
  const [a, b] = [someone(), someone()];
  const mixed = delivery(incoming.completed(a), incoming.connect(b), incoming.connect(a), incoming.missed(b));
  expect((await world.deliver(mixed)).status).toBe(200);
  const stateOf = ({ channelId, metaCallId }: typeof a) => world.w.stateOf(call, incomingCallId(channelId, metaCallId));
  expect(await stateOf(a)).toMatchObject({ startedAt: began * 1_000, conclusion: { status: 'completed' } });
  expect(await stateOf(b)).toMatchObject({ startedAt: began * 1_000, ended: { connectedAt: null } });
});
