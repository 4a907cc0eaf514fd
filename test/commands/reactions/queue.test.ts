import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentKey } from '../../../commands/belongings.ts';
import { waitingCalls } from '../../../commands/collections.ts';
import { startProcessManagers } from '../../../commands/process-managers.ts';
import { callQueue } from '../../../commands/reactions/queue.ts';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { agent } from '../../../domain/agent.ts';
import { call } from '../../../domain/call.ts';
import { began, delivery, incoming } from '../whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from '../world.ts';

let world: World;
let managers: ReturnType<typeof startProcessManagers>;
beforeAll(async () => {
  world = await startWorld();
  world.clock.now = began * 1_000 + 30_000;
  managers = startProcessManagers(world.w);
});
afterAll(async () => {
  await managers?.stop();
  await world?.stop();
});

const openQueue = async (rules: object, agents: readonly string[]) => {
  const care = await openStore(world, agents);
  await world.ask(care.owner, 'PUT /v1/routing', { queueSeconds: 600, ...rules });
  const setActive = (agentId: string, active: boolean) =>
    world.ask(care.owner, `PUT /v1/agents/${agentId}/availability`, { active });
  /** A call that began so many seconds after the others might have. */
  const rings = async (second: number) => {
    const who = { channelId: care.channelId, waId: fresh.number(), metaCallId: fresh.metaCallId(), at: began + second };
    const callId = incomingCallId(who.channelId, who.metaCallId);
    expect((await world.deliver(delivery(incoming.connect(who)))).status).toBe(200);
    const hangsUp = () => world.deliver(delivery(incoming.missed(who)));
    return { callId, second, hangsUp, state: () => world.w.stateOf(call, callId) };
  };
  const stateOf = (agentId: string) => world.w.stateOf(agent, agentKey(care.store, agentId));
  const lineOf = () => waitingCalls(world.db).countDocuments({ store: care.store });
  return { ...care, setActive, rings, stateOf, lineOf };
};

type Ringing = Awaited<ReturnType<Awaited<ReturnType<typeof openQueue>>['rings']>>;

describe.each(['only_if_available', 'load_balancer'])('the queue of %s', (mode) => {
  test('is served oldest first, in whatever order the calls were heard of', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(20), { minLength: 2, maxLength: 6 }), async (seconds) => {
        const queue = await openQueue({ mode }, ['ana']);
        await queue.setActive('ana', false);
        const calls: Ringing[] = [];
        for (const second of seconds) calls.push(await queue.rings(second));
        await managers.settled();
        expect(await queue.lineOf()).toBe(seconds.length);
        await queue.setActive('ana', true);
        const served: number[] = [];
        for (const _ of seconds) {
          await managers.settled();
          const { call: held } = await queue.stateOf('ana');
          const now = calls.find(({ callId }) => callId === held?.callId)!;
          served.push(now.second);
          await now.hangsUp();
        }
        expect(served).toEqual(seconds.toSorted((a, b) => a - b));
        await managers.settled();
        expect(await queue.lineOf()).toBe(0);
      }),
      { seed: 21, numRuns: 3, endOnFailure: true },
    );
  });

  test('loses whoever hangs up, and is not overtaken by who comes later', async () => {
    const queue = await openQueue({ mode }, ['ana']);
    const held = await queue.rings(0);
    await managers.settled();
    const [leaver, waiting] = [await queue.rings(1), await queue.rings(2)];
    await managers.settled();
    await leaver.hangsUp();
    await managers.settled();
    expect((await leaver.state()).conclusion?.missReason).toBe('caller_hung_up');
    expect(await queue.lineOf()).toBe(1);
    const [latest] = await Promise.all([queue.rings(3), held.hangsUp()]);
    await managers.settled();
    expect((await queue.stateOf('ana')).call?.callId).toBe(waiting.callId);
    expect((await latest.state()).queue).not.toBeNull();
  });

  test('gives an agent who becomes free while it is served to the oldest call too', async () => {
    const queue = await openQueue({ mode }, ['ana']);
    await queue.setActive('ana', false);
    const [older, younger] = [await queue.rings(0), await queue.rings(1)];
    await managers.settled();
    await managers.stop();
    let isSeen = false;
    /** Ana comes on duty when the older call has just been told to go on waiting. */
    const meanwhile: typeof world.w.stateOf = async (decider, id) => {
      if (id === younger.callId && !isSeen) {
        isSeen = true;
        await queue.setActive('ana', true);
      }
      return world.w.stateOf(decider, id);
    };
    for await (const cause of world.log.read(`routing-${queue.store}`)) {
      await callQueue({ ...world.w, stateOf: meanwhile }).serve(cause);
      break;
    }
    expect(isSeen).toBe(true);
    expect((await younger.state()).offers).toEqual([]);
    managers = startProcessManagers(world.w);
    await managers.settled();
    expect((await queue.stateOf('ana')).call?.callId).toBe(older.callId);
  });

  test('is dissolved by a mode without one', async () => {
    const queue = await openQueue({ mode }, []);
    const waiting = await queue.rings(0);
    await managers.settled();
    expect((await waiting.state()).queue).not.toBeNull();
    await world.ask(queue.owner, 'PUT /v1/routing', { mode: 'unassigned' });
    await managers.settled();
    expect((await waiting.state()).conclusion?.missReason).toBe('unassigned_mode');
    expect(await queue.lineOf()).toBe(0);
  });
});

describe('the load of an agent', () => {
  test('follows the tickets they hold: given, taken over, resolved, reopened', async () => {
    const queue = await openQueue({ mode: 'load_balancer' }, ['ana', 'ben']);
    const { state, hangsUp } = await queue.rings(0);
    await managers.settled();
    const { ticketId } = await state();
    await hangsUp();
    const loads = async () => {
      await managers.settled();
      return Promise.all(['ana', 'ben'].map(async (one) => (await queue.stateOf(one)).tickets.length));
    };
    expect(await loads()).toEqual([1, 0]);
    const steps: [string, object, number[]][] = [
      ['assign', { agentId: 'ben' }, [0, 1]],
      ['resolve', {}, [0, 0]],
      ['reopen', {}, [0, 1]],
      ['assign', { unassigned: true }, [0, 0]],
    ];
    for (const [step, body, expected] of steps) {
      expect((await world.ask(queue.owner, `/v1/tickets/${ticketId}/${step}`, body)).status, step).toBe(200);
      expect(await loads(), step).toEqual(expected);
    }
  });

  test('keeps calls from whoever has all they may hold, until a ticket is resolved', async () => {
    const queue = await openQueue({ mode: 'load_balancer', capacity: { teams: { care: 1 } } }, ['ana']);
    const first = await queue.rings(0);
    await managers.settled();
    await first.hangsUp();
    const second = await queue.rings(1);
    await managers.settled();
    expect((await second.state()).queue).toMatchObject({ because: 'capacity_full' });
    await world.ask(queue.owner, `/v1/tickets/${(await first.state()).ticketId}/resolve`);
    await managers.settled();
    expect((await queue.stateOf('ana')).call?.callId).toBe(second.callId);
  });
});

describe('an agent who is not there', () => {
  test('misses their turn and keeps the ticket; the next call is the next agent’s', async () => {
    const queue = await openQueue({ mode: 'only_if_available', onlyIfAvailable: false }, ['ana', 'ben']);
    for (const one of ['ana', 'ben']) await queue.setActive(one, false);
    for (const [second, agentId] of ['ana', 'ben', 'ana'].entries()) {
      const { state } = await queue.rings(second);
      await managers.settled();
      expect(await state()).toMatchObject({ agentId, conclusion: { missReason: 'agent_did_not_answer' } });
      world.clock.now += 1_000;
    }
    expect((await queue.stateOf('ana')).tickets).toHaveLength(2);
  });
});
