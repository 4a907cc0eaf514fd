import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProcessManagers } from '../../../commands/process-managers.ts';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { agent } from '../../../domain/agent.ts';
import { call } from '../../../domain/call.ts';
import { ringing } from '../../../domain/call-state.ts';
import { days, seconds } from '../../../domain/time.ts';
import { began, delivery, incoming } from '../whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  world.clock.now = began * 1_000;
});
afterAll(() => world?.stop());

/** Lets the process managers do all there is to do now. */
const settle = async () => {
  const managers = startProcessManagers(world.w);
  await managers.settled();
  await managers.stop();
};

test('a phone that rang when everything went down was missed when its time was up, not when it came back', async () => {
  const care = await openStore(world);
  await world.ask(care.owner, 'PUT /v1/routing', { mode: 'round_robin', ringSeconds: 30, queueSeconds: 60 });
  const metaCallId = fresh.metaCallId();
  await world.deliver(delivery(incoming.connect({ ...care, waId: fresh.number(), metaCallId })));
  await settle();
  const callId = incomingCallId(care.channelId, metaCallId);
  const offered = ringing(await world.w.stateOf(call, callId));
  const offer = { callId, offerId: offered?.offerId ?? '', agentId: 'ana' };
  const context = { store: care.store, actor: { type: 'agent', id: 'ana' }, commandId: callId } as const;
  const acknowledged = { type: 'AcknowledgeOffer', at: world.clock.now, ...offer } as const;
  await world.w.transact(call, callId, acknowledged, { ...context, $correlationId: 'c', $causationId: 'c' });
  const rangUntil = offered?.expiresAt ?? 0;
  world.clock.now += days(1);
  await settle();
  expect((await world.w.stateOf(call, callId)).conclusion).toMatchObject({
    ...{ status: 'missed', missReason: 'agent_did_not_answer', endedAt: rangUntil },
    ringSeconds: Math.round((rangUntil - began * 1_000) / seconds(1)),
  });
});

test('a call that came just before everything went down rings nobody when it is found a minute later', async () => {
  const care = await openStore(world);
  await world.ask(care.owner, 'PUT /v1/routing', { mode: 'round_robin', ringSeconds: 30, queueSeconds: 60 });
  const metaCallId = fresh.metaCallId();
  const at = world.clock.now / 1_000;
  await world.deliver(delivery(incoming.connect({ ...care, waId: fresh.number(), metaCallId, at })));
  world.clock.now += seconds(61);
  await settle();
  const { offers, conclusion } = await world.w.stateOf(call, incomingCallId(care.channelId, metaCallId));
  expect(offers).toEqual([]);
  expect(conclusion).toMatchObject({ status: 'missed', missReason: 'caller_hung_up' });
  expect((await world.w.stateOf(agent, `${care.store}.ana`)).call).toBeNull();
});
