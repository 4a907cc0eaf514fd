import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { desks } from '../support/desk.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterEach(() => world.closePages());
afterAll(() => ringbook?.stop());

const start = async (agents: readonly string[] = ['asha']) => {
  const desk = await world.open({ agents });
  return { desk, asha: await desk.arrives('asha'), customer: desk.customer() };
};

describe('Ticket Behavior During Calls', () => {
  test('New Ticket Creation: Calls create new tickets or update existing open tickets', async () => {
    const { asha, customer } = await start();
    await customer.rings();
    const first = await asha.takes(customer);
    await first.end();
    await customer.row({ callId: first.callId, status: 'completed' });
    await customer.rings();
    const second = await asha.takes(customer);
    expect(second.ticketId).toBe(first.ticketId);
    await second.end();
    await asha.resolves(first.ticketId);
    await customer.rings();
    const third = await asha.takes(customer);
    expect(third.ticketId).not.toBe(first.ticketId);
  });

  test('No Reassignment: Tickets cannot be reassigned to another agent during calls', async () => {
    const { desk, asha, customer } = await start(['asha', 'bala']);
    await customer.rings();
    const { ticketId, end } = await asha.takes(customer);
    const reassign = () => desk.ask(`/v1/tickets/${ticketId}/assign`, { agentId: 'bala' });
    expect(await reassign()).toMatchObject({ status: 409, body: { code: 'ticket.call_live' } });
    await end();
    expect(await reassign()).toMatchObject({ status: 200 });
    await customer.row({ status: 'completed' });
    await customer.ticket({ assignee: { agentId: 'bala' } });
  });

  test('First Response: If call is answered, it counts as first response', async () => {
    const { asha, customer } = await start();
    await customer.rings();
    const { callId } = await asha.takes(customer);
    await customer.ticket({ firstResponse: { callId, agentId: 'asha', because: 'answered' } });
  });
});

describe('A ticket at hand', () => {
  test('is picked up from the unassigned queue by one of two agents at once; a manager may give it to the other', async () => {
    const desk = await world.open({ rules: { mode: 'unassigned' }, agents: ['asha', 'bala'] });
    const customer = desk.customer();
    await customer.rings();
    const { ticketId } = await customer.row({ status: 'missed' });
    const take = (sub: string) =>
      ringbook.ask({ sub, store: desk.store }, `/v1/tickets/${ticketId}/assign`, { body: { agentId: sub } });
    const takes = await Promise.all(['asha', 'bala'].map(take));
    expect(takes.map(({ status }) => status).toSorted()).toEqual([200, 409]);
    const [winner, loser] = takes[0]!.status === 200 ? ['asha', 'bala'] : ['bala', 'asha'];
    const refused = takes.find(({ status }) => status === 409)!;
    expect(refused.body).toMatchObject({ code: 'ticket.taken', agentId: winner });
    expect(await take(winner!)).toMatchObject({ status: 200 });
    await customer.ticket({ assignee: { agentId: winner } });
    expect(await desk.ask(`/v1/tickets/${ticketId}/assign`, { agentId: loser })).toMatchObject({ status: 200 });
    await customer.ticket({ assignee: { agentId: loser } });
  });

  test('is not resolved during a call, but is right after; then it takes notes, and is reopened unless another is open', async () => {
    const { desk, asha, customer } = await start();
    await customer.rings();
    const { ticketId, end } = await asha.takes(customer);
    const resolve = () => asha.post(`/v1/tickets/${ticketId}/resolve`);
    expect(await resolve()).toMatchObject({ status: 409, body: { code: 'ticket.call_live' } });
    await end();
    expect(await resolve()).toMatchObject({ status: 200 });
    expect(await asha.post(`/v1/tickets/${ticketId}/notes`, { text: 'All is well' })).toMatchObject({ status: 200 });
    await customer.history('Ticket Resolved', 'Note Added');
    await desk.put('/v1/agents/asha/availability', { active: false });
    await customer.ticket({ status: 'resolved', assignee: { agentId: 'asha' } });
    await customer.rings();
    const another = await customer.row({ status: 'missed' });
    expect(another.ticketId).not.toBe(ticketId);
    const reopen = () => asha.post(`/v1/tickets/${ticketId}/reopen`);
    const { ticketId: inTheWay } = another;
    expect(await reopen()).toMatchObject({
      status: 409,
      body: { code: 'ticket.another_open', ticketId: inTheWay },
    });
    await asha.resolves(inTheWay);
    expect(await reopen()).toMatchObject({ status: 200 });
    await eventually(
      () => desk.ask(`/v1/tickets/${ticketId}`),
      ({ body }) => body.status === 'open' && body.assignee.agentId === 'asha',
    );
  });

  test('counts against a capacity that is changed meanwhile', async () => {
    const desk = await world.open({ rules: { mode: 'load_balancer', capacity: { global: 2 } } });
    const asha = await desk.arrives('asha');
    const [first, second] = [desk.customer(), desk.customer()];
    await first.rings();
    const { end } = await asha.takes(first);
    await end();
    const profile = { name: 'asha', email: 'asha@acme.example', role: 'agent' };
    await desk.put('/v1/agents/asha', { ...profile, capacity: 1 });
    await second.rings();
    await second.row({ subStatus: 'queued' });
    await desk.put('/v1/agents/asha', { ...profile, capacity: 2 });
    await asha.takes(second);
  });
});

describe('First Response Tracking', () => {
  test('If a call creates a ticket and the assigned agent picks it up, it counts as First Response', async () => {
    const { asha, customer } = await start();
    await customer.rings();
    await asha.takes(customer);
    await customer.ticket({ openedBecause: 'incoming_call', firstResponse: { agentId: 'asha' } });
  });

  test("If there's a missed call and the agent directly calls back, it also counts as First Response", async () => {
    const { asha, customer } = await start();
    await customer.permits({ source: 'profile' });
    await customer.rings();
    await asha.offered(customer);
    await customer.hangsUp();
    await customer.row({ status: 'missed' });
    expect((await customer.ticket()).firstResponse).toBeNull();

    const unanswered = await asha.dials(customer);
    await eventually(customer.missed, (item) => item?.state === 'being_called');
    await customer.declines();
    await customer.row({ callId: unanswered, status: 'unanswered' });
    await eventually(customer.missed, (item) => item?.state === 'pending');
    expect((await customer.ticket()).firstResponse).toBeNull();

    const { callId } = await asha.reaches(customer);
    await customer.ticket({ firstResponse: { callId, because: 'called_back' } });
  });

  test("Even if a call gets disconnected/dropped after both sides accept, it's still considered First Response", async () => {
    const { asha, customer } = await start();
    await customer.rings();
    const { callId } = await asha.takes(customer);
    await customer.loses();
    await customer.row({ callId, status: 'disconnected' });
    await customer.ticket({ firstResponse: { callId } });
  });
});

describe('Chat Activities', () => {
  test('All invite and permission actions (assignment, connection, end, permission changes) are tracked', async () => {
    const { asha, customer } = await start();
    await customer.writes();
    await asha.hasAsked(customer);
    await customer.permits();
    await customer.permission({ state: 'temporary' });
    const { end } = await asha.reaches(customer);
    await end();
    await customer.row({ status: 'completed' });
    await customer.refuses({ source: 'profile' });
    await customer.history(
      'Permission Sent',
      'Permission Approved',
      'Call Placed',
      'Ticket Assigned',
      'Call Connected',
      'Call Completed',
      'Permission Revoked',
    );
  });

  test("Call status labels and events are visible in the ticket's activities/history", async () => {
    const { asha, customer } = await start();
    await customer.rings();
    await asha.declines(customer);
    await customer.row({ status: 'missed' });
    await customer.history('Call Received', 'Call Offered', 'Call Declined by Agent', 'Call Missed');
  });

  test('“Missed Call”/“In Call” markers shown on chat items', async () => {
    const { desk, asha, customer } = await start();
    await customer.rings();
    await asha.declines(customer);
    await customer.ticket({ markers: ['missed_call'] });
    expect(await desk.items('/v1/tickets?marker=missed_call')).toHaveLength(1);
    await customer.rings();
    const { end } = await asha.takes(customer);
    await customer.ticket({ markers: ['in_call'] });
    expect(await desk.items('/v1/tickets?marker=in_call')).toHaveLength(1);
    await end();
    await customer.ticket({ markers: [] });
  });
});

describe('Missed Calls Tab', () => {
  test('Real-Time Visibility: Count badge shows number of customers with missed calls pending action', async () => {
    const { desk, asha, customer } = await start();
    asha.page.send({ type: 'subscribe', id: 'missed', topic: 'missed-calls', params: {}, from: null });
    const other = desk.customer();
    const badge = (count: number) =>
      eventually(
        async () => asha.page.shown('missed').get('badge'),
        (shown) => shown === count,
      );
    for (const [caller, count] of [
      [customer, 1],
      [customer, 1],
      [other, 2],
    ] as const) {
      const { callId } = await caller.rings();
      await caller.hangsUp();
      await caller.row({ callId, status: 'missed' });
      await badge(count);
    }
    expect(await customer.missed()).toMatchObject({ count: 2, state: 'pending', reasons: ['caller_hung_up'] });
    expect((await desk.ask('/v1/missed-calls')).body.badge).toBe(2);
  });

  test.each(['a later call in', 'a later call out', 'the ticket is resolved', 'an agent dismisses it'])(
    'Keep CRM view clean with auto-removal of actioned tickets: %s',
    async (action) => {
      const { desk, asha, customer } = await start();
      await customer.permits({ source: 'profile' });
      await customer.rings();
      await customer.hangsUp();
      const { ticketId } = await customer.row({ status: 'missed' });
      await eventually(customer.missed, (item) => item !== undefined);

      if (action === 'a later call in') {
        await customer.rings();
        await asha.takes(customer);
      }
      if (action === 'a later call out') {
        await asha.dials(customer);
        await eventually(customer.missed, (item) => item?.state === 'being_called');
        await customer.answers();
      }
      if (action === 'the ticket is resolved') await asha.resolves(ticketId);
      if (action === 'an agent dismisses it')
        await asha.post(`${customer.at}/missed-calls/dismiss`, { reason: 'Spoke by chat' });
      await eventually(customer.missed, (item) => item === undefined);
      expect((await desk.ask('/v1/missed-calls')).body.badge).toBe(0);
    },
  );
});
