import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authoriseCall } from '../../commands/authorise-call.ts';
import { ownChannel } from '../../commands/belongings.ts';
import { dial } from '../../commands/dial.ts';
import { openTicket } from '../../commands/open-ticket.ts';
import { openingOf, placeCall } from '../../commands/place-call.ts';
import { startProcessManagers } from '../../commands/process-managers.ts';
import { contextOf, stepOf } from '../../commands/write-side.ts';
import { agent } from '../../domain/agent.ts';
import { call } from '../../domain/call.ts';
import { isRefusal } from '../../domain/decider.ts';
import { permission } from '../../domain/permission.ts';
import { ticket } from '../../domain/ticket.ts';
import { minutes, seconds } from '../../domain/time.ts';
import { type CallRow, callLogs } from '../../projections/call-logs.ts';
import { uuidFrom } from '../../store/ids.ts';
import { began, delivery, outgoing, permissionReply } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

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

/** Lets time pass, and what it causes. */
const later = async (ms: number) => {
  world.clock.now += ms;
  await managers.settled();
};

/** Ana, who may call a customer; nothing has been tried yet. */
const willing = async () => {
  const care = await openStore(world);
  const waId = fresh.number();
  const grant = { response: 'accept', is_permanent: true, response_source: 'user_action' };
  const message = { channelId: care.channelId, waId, id: `wamid.${waId}`, at: world.clock.now / 1_000 };
  await world.deliver(delivery(permissionReply(message, grant)));
  const customerId = (await world.w.directory.find(care.store, waId))?.customerId ?? '';
  const actor = { type: 'agent', id: 'ana' } as const;
  const context = contextOf({ store: care.store, actor, commandId: randomUUID(), correlationId: 'test' });
  const callId = uuidFrom('call', context.commandId);
  const command = { agentId: 'ana', channelId: care.channelId, customer: waId, sdpOffer: null, fence: null };
  const webhook = { channelId: care.channelId, waId, metaCallId: fresh.metaCallId(), callId };
  return { ...care, waId, customerId, context, callId, command, webhook, pair: `${care.channelId}.${customerId}` };
};
type Willing = Awaited<ReturnType<typeof willing>>;

/** As far as a process came that died before the call was placed: customer and agent are taken. */
const authorised = async (ana: Willing) => {
  const [channel, staff, to] = await Promise.all([
    ownChannel(world.w, ana.store, ana.channelId),
    world.w.stateOf(agent, `${ana.store}.ana`),
    world.w.directory.find(ana.store, ana.customerId),
  ]);
  if (isRefusal(channel) || !to) throw new Error('the store is not open');
  const placing = { ...ana.command, at: world.clock.now, callId: ana.callId, to, channelName: 'Care', caller: null };
  expect(await authoriseCall(world.w, placing, { channel, staff }, ana.context)).toBeNull();
  return placing;
};

/** A call whose request to Meta got no answer, as if the process had died while it waited. */
const dialled = async (ana: Willing) => {
  world.meta.answerNext('drop');
  expect(await placeCall(world.w)(ana.command, ana.context)).toMatchObject({ callId: ana.callId });
};

const rowOf = async (callId: string) => {
  let row: CallRow | null = null;
  for await (const recorded of world.log.read(`call-${callId}`)) row = callLogs.evolve(row, recorded, callId);
  return row;
};

/** What is known everywhere of a call that is over. */
const aftermath = async ({ callId, pair, store }: Willing) => {
  const { conclusion, ticketId } = await world.w.stateOf(call, callId);
  const { liveCalls, pastCalls, grant, streakFrom } = await world.w.stateOf(permission, pair);
  const { calls, assignee, firstResponse } = await world.w.stateOf(ticket, ticketId ?? '');
  return {
    ...{ conclusion, liveCalls, permission: { grant, streakFrom }, assignee, firstResponse },
    // when a call failed counts nowhere
    pastCalls: pastCalls.map(({ at, result }) => ({ result, ...(result !== 'failed' && { at }) })),
    calls: [...calls.values()],
    agentIsFree: (await world.w.stateOf(agent, `${store}.ana`)).call === null,
  };
};

describe('a call that was authorised and never placed', () => {
  test.each(['the ticket', 'the call'])(
    'is shown as failed a minute later, and everybody is free: before %s',
    async (end) => {
      const ana = await willing();
      const attempt = await authorised(ana);
      const link = { callId: ana.callId, direction: 'outgoing', agentId: 'ana' } as const;
      if (end === 'the call') await openTicket(world.w, openingOf(attempt), ana.context, link);
      await later(minutes(1) - 1);
      expect(await world.typesIn(`call-${ana.callId}`)).toEqual([]);
      await later(1);
      expect(await rowOf(ana.callId)).toMatchObject({
        ...{
          direction: 'outgoing',
          status: 'disconnected',
          subStatus: 'unconfirmed',
          agentId: 'ana',
          agentName: 'ana',
        },
        customer: { waId: ana.waId },
      });
      expect(await aftermath(ana)).toMatchObject({
        ...{ liveCalls: [], pastCalls: [{ result: 'failed' }], agentIsFree: true, assignee: { agentId: 'ana' } },
        calls: [{ status: 'disconnected', answer: null }],
      });
      expect(world.meta.askedAbout(ana.waId)).toEqual([]);
    },
  );

  test('cannot be placed any more, however late its process goes on', async () => {
    const ana = await willing();
    await authorised(ana);
    await later(minutes(1));
    const before = await world.log.head();
    expect(await placeCall(world.w)(ana.command, ana.context)).toMatchObject({ refused: 'call.ended' });
    expect(await world.log.head()).toBe(before);
    expect(world.meta.askedAbout(ana.waId)).toEqual([]);
  });

  test('also when its process had taken the agent only after that', async () => {
    const ana = await willing();
    const placing = await authorised(ana);
    await later(minutes(1));
    const { at, callId } = placing;
    const reserve = { type: 'ReserveAgent', at, agentId: 'ana', callId, direction: 'outgoing', fence: null } as const;
    await world.w.transact(agent, `${ana.store}.ana`, reserve, stepOf(ana.context, 'late'));
    expect(await dial(world.w, placing, 'ticket', ana.context)).toMatchObject({ refused: 'call.ended' });
    expect(await aftermath(ana)).toMatchObject({ agentIsFree: true });
    expect(world.meta.askedAbout(ana.waId)).toEqual([]);
  });

  test('does not stand in the way of the next one', async () => {
    const ana = await willing();
    await authorised(ana);
    await later(minutes(1));
    const order = { channelId: ana.channelId, customer: ana.waId };
    expect(await world.ask(ana.as('ana'), '/v1/calls', order)).toMatchObject({ status: 201 });
  });
});

describe('a call of which nobody knows whether Meta had it', () => {
  test('is shown as unconfirmed when Meta has said nothing for five minutes', async () => {
    const ana = await willing();
    await dialled(ana);
    await later(minutes(5) - 1);
    expect(await rowOf(ana.callId)).toMatchObject({ status: 'ongoing', subStatus: 'dialling' });
    await later(1);
    expect(await rowOf(ana.callId)).toMatchObject({ status: 'disconnected', subStatus: 'unconfirmed' });
    expect(await aftermath(ana)).toMatchObject({ liveCalls: [], pastCalls: [{ result: 'failed' }], agentIsFree: true });
    expect(world.meta.askedAbout(ana.waId)).toHaveLength(1);
  });

  const { ringing, accepted, rejected, unanswered, completed, failed } = outgoing;
  test.each([
    ['rang in vain', [ringing, unanswered], { status: 'unanswered', subStatus: 'no_answer' }],
    ['was declined', [ringing, rejected, unanswered], { status: 'unanswered', subStatus: 'declined' }],
    ['was answered', [ringing, accepted, completed], { status: 'completed', subStatus: null }],
    ['failed at Meta', [failed], { status: 'disconnected', subStatus: 'failed' }],
    ['was answered, as only its end tells', [completed], { status: 'completed', subStatus: null }],
  ])('that %s counts the same, whether Meta tells before or after we gave it up', async (_, story, conclusion) => {
    const outcomes = [];
    world.clock.now = Math.ceil(world.clock.now / 1_000) * 1_000;
    const start = world.clock.now;
    for (const isLate of [false, true]) {
      world.clock.now = start;
      const ana = await willing();
      world.clock.now = start + seconds(1);
      await dialled(ana);
      const tell = async () => {
        for (const word of story) await world.deliver(delivery(word({ ...ana.webhook, at: start / 1_000 + 2 })));
        await managers.settled();
      };
      if (!isLate) await tell();
      await later(minutes(6));
      if (isLate) expect(await aftermath(ana)).toMatchObject({ conclusion: { subStatus: 'unconfirmed' } });
      if (isLate) await tell();
      outcomes.push(await aftermath(ana));
    }
    expect(outcomes[0]).toMatchObject({ conclusion, agentIsFree: true, liveCalls: [] });
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  test('that begins to ring after we gave it up is ended at Meta', async () => {
    const ana = await willing();
    await dialled(ana);
    await later(minutes(5));
    await world.deliver(delivery(ringing(ana.webhook)));
    await expect
      .poll(() => world.meta.askedAbout(ana.webhook.metaCallId))
      .toMatchObject([{ body: { action: 'terminate' } }]);
  });
});
