import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentKey } from '../../../commands/belongings.ts';
import { startProcessManagers } from '../../../commands/process-managers.ts';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { agent } from '../../../domain/agent.ts';
import { call } from '../../../domain/call.ts';
import { RoutingMode } from '../../../domain/routing.ts';
import { seconds } from '../../../domain/time.ts';
import { began, delivery, incoming } from '../whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from '../world.ts';

const staff = ['ana', 'ben', 'chi'];
type Event = Parameters<typeof agent.evolve>[1];

let world: World;
let managers: ReturnType<typeof startProcessManagers>;
beforeAll(async () => {
  world = await startWorld();
  world.clock.now = began * 1_000;
  managers = startProcessManagers(world.w);
});
afterAll(async () => {
  await managers?.stop();
  await world?.stop();
});

/** A store whose calls come in waves: all of a wave at once. */
const openDesk = async (rules: object) => {
  const care = await openStore(world, staff);
  await world.ask(care.owner, 'PUT /v1/routing', { ringSeconds: 30, queueSeconds: 40, ...rules });
  const calls: string[] = [];

  const rings = async () => {
    const at = Math.floor(world.clock.now / 1_000);
    const one = { channelId: care.channelId, waId: fresh.number(), metaCallId: fresh.metaCallId(), at };
    const callId = incomingCallId(one.channelId, one.metaCallId);
    calls.push(callId);
    await world.deliver(delivery(incoming.connect(one)));
    return {
      hangsUp: () => world.deliver(delivery(incoming.missed(one))),
      async isAnswered() {
        const holder = (await world.w.stateOf(call, callId)).offers.at(-1)?.agentId;
        if (holder) await world.ask(care.as(holder), `/v1/calls/${callId}/accept`);
        await world.deliver(delivery(incoming.completed(one)));
      },
      async isDeclined() {
        const holder = (await world.w.stateOf(call, callId)).offers.at(-1)?.agentId;
        if (holder) await world.ask(care.as(holder), `/v1/calls/${callId}/decline`);
      },
    };
  };

  const passes = async (span: number) => {
    await managers.settled();
    world.clock.now += span;
    managers.clockMoved();
    await managers.settled();
  };

  const storyOf = async (agentId: string) =>
    (await world.eventsOf(`agent-${agentKey(care.store, agentId)}`)) as Event[];
  return { ...care, calls, rings, passes, storyOf };
};

test('among agents who are free, waves of calls are handed out evenly', async () => {
  const desk = await openDesk({ mode: 'round_robin' });
  for (const size of fc.sample(fc.integer({ min: 1, max: staff.length }), { seed: 8, numRuns: 6 })) {
    const wave = await Promise.all(Array.from({ length: size }, desk.rings));
    await managers.settled();
    await Promise.all(wave.map(({ hangsUp }) => hangsUp()));
    await desk.passes(seconds(1));
    const stories = await Promise.all(staff.map(desk.storyOf));
    const turns = stories.map((story) => story.filter(({ type }) => type === 'AgentReserved').length);
    expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1);
  }
});

describe.each(RoutingMode.options)('in the mode %s, however calls race', (mode) => {
  const wave = fc.array(fc.constantFrom('hangsUp', 'isAnswered', 'isDeclined', 'waits', 'leaves at once'), {
    minLength: 1,
    maxLength: 6,
  });

  const capacity = 2;

  const isLawfulAgent = (story: readonly Event[]) => {
    let state = agent.initial;
    for (const event of story) {
      if (event.type === 'AgentReserved') expect(state.call).toBeNull();
      state = agent.evolve(state, event);
      if (mode === 'load_balancer') expect(state.tickets.length).toBeLessThanOrEqual(capacity);
    }
    expect(state.call).toBeNull();
  };

  const isLawfulCall = async (callId: string) => {
    const { conclusion } = await world.w.stateOf(call, callId);
    expect(conclusion).not.toBeNull();
    expect(conclusion?.missReason !== null).toBe(conclusion?.status === 'missed');
    const reasons = (await world.typesIn(`call-${callId}`)).filter((type) => type === 'CallMissed');
    expect(reasons.length).toBeLessThanOrEqual(1);
  };

  test('nobody holds two calls or more tickets than they may, and each miss has one reason', async () => {
    const desk = await openDesk({ mode, capacity: { global: capacity } });
    const happens = async (doing: 'hangsUp' | 'isAnswered' | 'isDeclined' | 'waits' | 'leaves at once') => {
      const one = await desk.rings();
      if (doing === 'leaves at once') return one.hangsUp();
      await managers.settled();
      if (doing !== 'waits') await one[doing]();
    };
    for (const doings of fc.sample(wave, { seed: 9, numRuns: 3 })) {
      await Promise.all(doings.map(happens));
      await desk.passes(seconds(91));
    }
    for (const _ of staff) await desk.passes(seconds(91)); // whoever did not answer is followed by the next
    for (const agentId of staff) isLawfulAgent(await desk.storyOf(agentId));
    for (const callId of desk.calls) await isLawfulCall(callId);
  });
});
