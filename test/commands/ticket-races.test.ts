import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTicket } from '../../commands/open-ticket.ts';
import { reopenTicket } from '../../commands/reopen-ticket.ts';
import { resolveTicket } from '../../commands/resolve-ticket.ts';
import { contextOf, type WriteSide } from '../../commands/write-side.ts';
import { conversation } from '../../domain/conversation.ts';
import { ticket } from '../../domain/ticket.ts';
import { interleaved } from '../support/interleaved.ts';
import { openStore, startWorld, type World } from './world.ts';

let world: World;
let care: Awaited<ReturnType<typeof openStore>>;
beforeAll(async () => {
  world = await startWorld();
  care = await openStore(world, []);
});
afterAll(() => world.stop());

const context = () => {
  const actor = { type: 'agent', id: 'ana' } as const;
  return contextOf({ store: care.store, actor, commandId: randomUUID(), correlationId: 'test' });
};

/** A customer with one open ticket, and what may happen to it. */
const customer = async () => {
  const { channelId } = care;
  const customerId = `cus_${randomUUID()}`;
  const pair = { channelId, customerId };
  const named = { channelName: 'Care', waId: null, customerName: null };
  const opening = () => ({ at: world.clock.now, ...pair, ...named, ticketId: randomUUID(), callId: null });
  const ticketId = await openTicket(world.w, { ...opening(), because: 'callback_request' }, context());
  const mine = { ticketId, agentId: 'ana' };
  const seen = new Set([ticketId]);
  const deeds = {
    resolve: (w: WriteSide) => resolveTicket(w)(mine, context()),
    reopen: (w: WriteSide) => reopenTicket(w)(mine, context()),
    call: async (w: WriteSide) => {
      const link = { callId: randomUUID(), direction: 'incoming', agentId: null } as const;
      const holder = await openTicket(w, { ...opening(), because: 'incoming_call' }, context(), link);
      seen.add(holder);
      return link;
    },
  };
  return {
    deeds,
    seen,
    open: async () => (await world.w.stateOf(conversation, `${channelId}.${customerId}`)).ticketId,
  };
};

type Customer = Awaited<ReturnType<typeof customer>>;
type Deed = keyof Customer['deeds'];

/** One ticket is open at most, and it is the one the conversation knows; it holds every call. */
const holds = async ({ seen, open }: Customer, outcomes: readonly unknown[]) => {
  const calls = outcomes.flatMap((one) => (one instanceof Object && 'callId' in one ? [one.callId] : []));
  const openNow = await open();
  for (const ticketId of seen) {
    const state = await world.w.stateOf(ticket, ticketId);
    expect(state.resolved).toBe(ticketId !== openNow);
    if (!state.resolved) expect([...state.calls.keys()]).toEqual(expect.arrayContaining(calls));
  }
  if (calls.length > 0) expect(openNow).not.toBeNull();
};

const races: readonly (readonly Deed[])[] = [
  ['resolve', 'call'],
  ['resolve', 'call', 'call'],
  ['resolve', 'reopen', 'call'],
  ['resolve', 'resolve', 'reopen', 'call'],
  ['resolve', 'reopen', 'resolve', 'reopen'],
];

describe('one ticket is open, and it holds the calls', () => {
  test.each(races)('in whatever order the steps are taken: %s %s %s %s', async (...race) => {
    const orders = fc.array(fc.nat(11), { minLength: 12, maxLength: 30 });
    const law = async (order: readonly number[]) => {
      const one = await customer();
      const deeds = race.map((deed) => one.deeds[deed]);
      await holds(one, await interleaved(world.w, deeds, order));
    };
    await fc.assert(fc.asyncProperty(orders, law), { seed: 31, numRuns: 25 });
  });

  test('when a call comes right between the resolution and the closing of the conversation', async () => {
    const one = await customer();
    // look at the ticket and the channel, at what is over, and resolve; then the call with all its steps
    const outcomes = await interleaved(world.w, [one.deeds.resolve, one.deeds.call], [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1]);
    await holds(one, outcomes);
    expect(one.seen.size).toBe(2);
  });

  test('when they really come at once', async () => {
    for (let round = 0; round < 10; round++) {
      const one = await customer();
      const all = (['call', 'resolve', 'call', 'reopen'] as const).map((deed) => one.deeds[deed](world.w));
      await holds(one, await Promise.all(all));
    }
  });
});
