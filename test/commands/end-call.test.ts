import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callConsequences } from '../../commands/reactions/call-consequences.ts';
import { agent } from '../../domain/agent.ts';
import { permission } from '../../domain/permission.ts';
import { ticket } from '../../domain/ticket.ts';
import { type Answer, metaError } from './meta.ts';
import { delivery, outgoing, permissionReply } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

// no process manager runs here: whoever is free is so because a command has seen to it

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** Ana calls a customer, and it rings. */
const ringing = async () => {
  const care = await openStore(world, ['ana', 'ben']);
  const { store, channelId, owner } = care;
  const [waId, other] = [fresh.number(), fresh.number()];
  for (const customer of [waId, other]) {
    const grant = { response: 'accept', is_permanent: true, response_source: 'user_action' };
    await world.deliver(delivery(permissionReply({ channelId, waId: customer, id: `wamid.${customer}` }, grant)));
  }
  const place = (customer: string) => world.ask(care.as('ana'), '/v1/calls', { channelId, customer });
  const { callId, ticketId } = (await place(waId)).body;
  const dialled = (await world.eventsOf(`call-${callId}`)).find((event) => event.type === 'CallDialled');
  const customerId = (await world.w.directory.find(store, waId))?.customerId ?? '';
  return {
    of: { channelId, waId, callId, metaCallId: dialled?.metaCallId ?? '', at: world.clock.now / 1_000 },
    ticketId: String(ticketId),
    end: () => world.ask(care.as('ana'), `/v1/calls/${callId}/end`),
    again: () => place(waId),
    another: () => place(other),
    assign: () => world.ask(owner, `/v1/tickets/${ticketId}/assign`, { agentId: 'ben' }),
    resolve: () => world.ask(care.as('ana'), `/v1/tickets/${ticketId}/resolve`),
    agent: () => world.w.stateOf(agent, `${store}.ana`),
    permission: () => world.w.stateOf(permission, `${channelId}.${customerId}`),
    /** What the process manager does, in the end. */
    react: async () => {
      const { handlers } = callConsequences(world.w);
      for await (const cause of world.log.read(`call-${callId}`)) {
        const { event } = cause;
        if (event.type === 'CallHungUp') await handlers.CallHungUp?.(event, cause);
        if (event.type === 'CallPickedUp') await handlers.CallPickedUp?.(event, cause);
        if (event.type === 'CallConcluded') await handlers.CallConcluded?.(event, cause);
      }
    },
    ticket: () => world.w.stateOf(ticket, String(ticketId)),
  };
};

type Ringing = Awaited<ReturnType<typeof ringing>>;
type Next = 'again' | 'another' | 'assign' | 'resolve';

const nexts: readonly [string, Next, number, string][] = [
  ['call the same customer', 'again', 201, 'agent.on_call'],
  ['call another customer', 'another', 201, 'agent.on_call'],
  ['give the ticket away', 'assign', 200, 'ticket.call_live'],
  ['resolve the ticket', 'resolve', 200, 'ticket.call_live'],
];

const spoken = async ({ of }: Ringing) => void (await world.deliver(delivery(outgoing.accepted(of))));

describe('whoever has ended a call may at once', () => {
  test.each(nexts)('%s, though Meta’s last word is still to come', async (_, next, status) => {
    const ana = await ringing();
    expect(await ana.end()).toMatchObject({ status: 200 });
    expect(await ana[next]()).toMatchObject({ status });
  });

  test.each(nexts)('%s, after a conversation too', async (_, next, status) => {
    const ana = await ringing();
    await spoken(ana);
    expect(await ana.end()).toMatchObject({ status: 200 });
    expect(await ana[next]()).toMatchObject({ status });
    expect((await ana.permission()).pastCalls).toMatchObject([{ result: 'connected' }]);
  });

  test.each(nexts)('%s, when Meta says that the call was over before', async (_, next, status) => {
    const ana = await ringing();
    world.meta.answerNext(metaError(400, 100));
    expect(await ana.end()).toMatchObject({ status: 200 });
    expect(await ana[next]()).toMatchObject({ status });
  });

  test.each(nexts)('%s, when Meta has told of the end before we did', async (_, next, status) => {
    const ana = await ringing();
    await world.deliver(delivery(outgoing.unanswered(ana.of)));
    expect(await ana.end()).toMatchObject({ status: 409, body: { code: 'call.ended' } });
    expect(await ana[next]()).toMatchObject({ status });
  });

  test.each(nexts)('but not %s while nobody knows whether Meta has taken it', async (_, next, __, code) => {
    const ana = await ringing();
    const busy: Answer = { status: 503, body: {} };
    world.meta.answerAt(`${ana.of.channelId}/calls`, busy, busy, busy, busy);
    expect(await ana.end()).toMatchObject({ status: 200 });
    expect(await ana[next]()).toMatchObject({ status: 409, body: { code } });
  });
});

describe('a call that was hung up counts as Meta says in the end', () => {
  test('cancelled while it rang', async () => {
    const ana = await ringing();
    await ana.end();
    expect(await ana.permission()).toMatchObject({ liveCalls: [], pastCalls: [{ result: 'cancelled' }] });
    await world.deliver(delivery(outgoing.unanswered(ana.of)));
    await ana.react();
    expect([...(await ana.ticket()).calls.values()]).toMatchObject([{ status: 'unanswered' }]);
  });

  test('answered at the very moment, as it turns out', async () => {
    const ana = await ringing();
    await ana.end();
    await world.deliver(delivery(outgoing.accepted(ana.of)));
    await world.deliver(delivery(outgoing.completed(ana.of)));
    await ana.react();
    expect([...(await ana.ticket()).calls.values()]).toMatchObject([
      { status: 'completed', answer: { agentId: 'ana' } },
    ]);
    expect((await ana.permission()).pastCalls).toMatchObject([{ result: 'connected' }]);
  });

  test('and the agent, who is on another call by then, stays there', async () => {
    const ana = await ringing();
    await ana.end();
    const { callId } = (await ana.another()).body;
    await world.deliver(delivery(outgoing.unanswered(ana.of)));
    await ana.react();
    expect(await ana.agent()).toMatchObject({ call: { callId } });
  });
});
