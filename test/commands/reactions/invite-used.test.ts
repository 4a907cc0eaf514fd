import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProcessManagers } from '../../../commands/process-managers.ts';
import { incomingCallId } from '../../../commands/whatsapp/record-call.ts';
import { call } from '../../../domain/call.ts';
import { began, delivery, incoming } from '../whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from '../world.ts';

type Store = Awaited<ReturnType<typeof openStore>>;

let world: World;
let care: Store;
let managers: ReturnType<typeof startProcessManagers>;
beforeAll(async () => {
  world = await startWorld();
  world.clock.now = began * 1_000;
  care = await openStore(world, []);
  managers = startProcessManagers(world.w);
});
afterAll(async () => {
  await managers?.stop();
  await world?.stop();
});

const template = { name: 'call_us', language: 'en' };

/** Somebody who was invited to call, and the id of the invite. */
const invited = async ({ channelId, as }: Store = care) => {
  const waId = fresh.number();
  const path = `/v1/channels/${channelId}/customers/${waId}/call-invites`;
  const { body } = await world.ask(as('ana'), path, { method: 'template', template });
  return { channelId, waId, inviteId: body.inviteId as string };
};

const ringing = ({ channelId, waId }: { channelId: string; waId: string }) => {
  const who = { channelId, waId, metaCallId: fresh.metaCallId() };
  return { who, callId: incomingCallId(channelId, who.metaCallId) };
};

const usesOf = async ({ channelId, waId }: { channelId: string; waId: string }, store = care.store) => {
  await managers.settled();
  const customer = await world.w.directory.find(store, waId);
  const events = await world.eventsOf(`conversation-${channelId}.${customer?.customerId}`);
  return events.filter(({ type }) => type === 'CallInviteUsed');
};

describe('an invite is used', () => {
  test('by the calls of its button, on the ticket of the call and at the time of the tap', async () => {
    const asha = await invited();
    const [first, second] = [ringing(asha), ringing(asha)];
    const tapped = { cta_payload: asha.inviteId };
    await world.deliver(delivery(incoming.connect(first.who, tapped)));
    await world.deliver(delivery(incoming.missed(first.who, tapped)));
    await managers.settled();
    await world.deliver(delivery(incoming.connect({ ...second.who, at: began + 100 }, tapped)));
    const { ticketId } = await world.w.stateOf(call, first.callId);
    const { inviteId } = asha;
    expect(await usesOf(asha)).toMatchObject([
      { inviteId, callId: first.callId, ticketId, at: began * 1_000 },
      { inviteId, callId: second.callId, ticketId, at: (began + 100) * 1_000 },
    ]);
  });

  test('once by one call, in whatever order its webhooks come and whichever of them tells', async () => {
    const told = fc.record({ connect: fc.boolean(), end: fc.boolean() }).filter(({ connect, end }) => connect || end);
    const order = fc.shuffledSubarray(['connect', 'missed', 'connect', 'missed'] as const, { minLength: 4 });
    await fc.assert(
      fc.asyncProperty(told, order, async ({ connect, end }, kinds) => {
        const asha = await invited();
        const { who, callId } = ringing(asha);
        const cta = (tells: boolean) => ({ cta_payload: tells ? asha.inviteId : undefined });
        const webhooks = { connect: incoming.connect(who, cta(connect)), missed: incoming.missed(who, cta(end)) };
        for (const kind of kinds) await world.deliver(delivery(webhooks[kind]));
        expect(await usesOf(asha)).toMatchObject([{ inviteId: asha.inviteId, callId }]);
      }),
      { seed: 41, numRuns: 6, endOnFailure: true },
    );
  });

  test.each<[string, (inviteId: string) => Record<string, unknown>]>([
    ['some other payload', () => ({ cta_payload: 'invite-7781' })],
    ['a link with the invite’s id', (inviteId) => ({ cta_payload: undefined, deeplink_payload: inviteId })],
    ['no payload', () => ({ cta_payload: undefined })],
  ])('not by a call with %s', async (_, payload) => {
    const asha = await invited();
    await world.deliver(delivery(incoming.connect(ringing(asha).who, payload(asha.inviteId))));
    expect(await usesOf(asha)).toEqual([]);
  });

  test('not by another customer, to whom it was passed on, nor on another channel', async () => {
    const other = await openStore(world, []);
    const [asha, bilal, chen] = [await invited(), await invited(), await invited(other)];
    const passedOn = { cta_payload: asha.inviteId };
    await world.deliver(delivery(incoming.connect(ringing(bilal).who, passedOn)));
    await world.deliver(delivery(incoming.connect(ringing(chen).who, passedOn)));
    expect(await usesOf(bilal)).toEqual([]);
    expect(await usesOf(chen, other.store)).toEqual([]);
    expect(await usesOf(asha)).toEqual([]);
  });
});
