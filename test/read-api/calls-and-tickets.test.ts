import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, happened } from '../projections/events.ts';
import { startWorld, type World } from './world.ts';

const {
  received,
  routed,
  offered,
  declined,
  missed,
  concluded,
  placed,
  pickedUp,
  opened,
  linked,
  linkEnded,
  assigned,
  noted,
  inviteUsed,
} = happened;

const leo = { customerId: 'cus_leo', waId: '4930999', customerName: 'Leo' };
const story = [
  // Mia's call is missed
  opened(0),
  received(0),
  linked(0),
  routed(1),
  offered(1),
  assigned(1),
  declined(2),
  missed(2, { reason: 'all_declined' }),
  concluded(2, { missReason: 'all_declined' }),
  linkEnded(2, { missReason: 'all_declined' }),
  // Leo is called and picks up
  opened(10, { ticketId: 't2', callId: 'c2', because: 'outgoing_call', ...leo }),
  placed(10, { ticketId: 't2', agentId: 'bea', agentName: 'Bea', team: 'night', ...leo }),
  linked(10, { ticketId: 't2', callId: 'c2', direction: 'outgoing', agentId: 'bea', customerId: 'cus_leo' }),
  pickedUp(11, { ticketId: 't2', agentId: 'bea', customerId: 'cus_leo' }),
  concluded(15, {
    callId: 'c2',
    direction: 'outgoing',
    ticketId: 't2',
    agentId: 'bea',
    customerId: 'cus_leo',
    status: 'completed',
    missReason: null,
    startedAt: at(10),
    answeredAt: at(11),
    talkSeconds: 240,
    endedBy: 'customer',
  }),
  linkEnded(15, {
    ticketId: 't2',
    callId: 'c2',
    direction: 'outgoing',
    agentId: 'bea',
    customerId: 'cus_leo',
    status: 'completed',
    missReason: null,
  }),
  noted(16),
  // another number of the same store
  received(20, { callId: 'c3', channelId: 'ch2', channelName: 'Sales', metaCallId: 'wacid.3', ctaPayload: 'i1' }),
  inviteUsed(20, { callId: 'c3', channelId: 'ch2', ticketId: null }),
];

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.append([missed(1, { customerId: 'cus_theirs' }), opened(0, { ticketId: 'theirs' })], 'other');
  const position = await world.append(story);
  for (const path of ['/v1/call-logs', '/v1/tickets', '/v1/missed-calls', '/v1/tickets/t1/activities'])
    expect((await world.askAt(position, path)).status).toBe(200);
});
afterAll(() => world?.stop());

describe('the call logs', () => {
  test('show a call as the interface says', async () => {
    const { body } = await world.ask('/v1/call-logs?customer=cus_leo');
    expect(body.items).toEqual([
      {
        callId: 'c2',
        metaCallId: 'wacid.2',
        direction: 'outgoing',
        status: 'completed',
        subStatus: null,
        missReason: null,
        channelId: 'ch1',
        channelName: 'Support',
        customer: { customerId: 'cus_leo', waId: '4930999', name: 'Leo' },
        agentId: 'bea',
        agentName: 'Bea',
        team: 'night',
        ticketId: 't2',
        origin: null,
        startedAt: new Date(at(10)).toISOString(),
        answeredAt: new Date(at(11)).toISOString(),
        endedAt: new Date(at(15)).toISOString(),
        ringSeconds: 30,
        talkSeconds: 240,
        endedBy: 'customer',
        cost: null,
        position: expect.stringMatching(/^\d+$/),
      },
    ]);
  });

  test.each([
    ['direction=incoming', 'c3 c1'],
    ['direction=outgoing', 'c2'],
    ['status=missed', 'c1'],
    ['status=incoming.missed', 'c1'],
    ['status=outgoing.ongoing', ''],
    ['status=incoming.missed&status=completed', 'c2 c1'],
    ['channel=ch2', 'c3'],
    ['agent=bea', 'c2'],
    ['team=voice', 'c1'],
    ['customer=4930999', 'c2'],
    ['customer=%2B4930999', 'c2'],
    ['ticket=t1', 'c1'],
    [`from=${new Date(at(10)).toISOString()}`, 'c3 c2'],
    [`to=${new Date(at(10)).toISOString()}`, 'c1'],
    ['minDuration=240', 'c2'],
    ['minDuration=241', ''],
    ['maxDuration=0', 'c3 c1'],
    ['missReason=all_declined', 'c1'],
    ['metaCallId=wacid.3', 'c3'],
    ['q=leo', 'c2'],
    ['q=30999', 'c2'],
    ['q=.*', ''],
    ['sort=startedAt', 'c1 c2 c3'],
    ['sort=-talkSeconds&limit=1', 'c2'],
    ['direction=incoming&status=ongoing&channel=ch2', 'c3'],
  ])('are found by %s', async (query, found) => {
    const { status, body } = await world.ask(`/v1/call-logs?${query}`);
    expect(status).toBe(200);
    expect(body.items.map(({ callId }: { callId: string }) => callId).join(' ')).toBe(found);
  });

  test('are counted by kind, under the same filters', async () => {
    const all = await world.ask('/v1/call-logs/counts');
    expect(all.body).toMatchObject({
      total: 3,
      status: { missed: 1, completed: 1, ongoing: 1 },
      direction: { incoming: 2, outgoing: 1 },
      channel: { ch1: 2, ch2: 1 },
      agent: { asha: 1, bea: 1, none: 1 },
    });
    expect((await world.ask('/v1/call-logs/counts?channel=ch2')).body).toMatchObject({
      total: 1,
      status: { ongoing: 1 },
    });
    expect((await world.ask('/v1/call-logs/counts', { store: 'third' })).body).toMatchObject({ total: 0, status: {} });
  });

  test('tell all of one call: legs, timeline, evidence', async () => {
    const { body } = await world.ask('/v1/call-logs/c1');
    expect(body).toMatchObject({ callId: 'c1', status: 'missed', missReason: 'all_declined' });
    expect(body.legs).toMatchObject([
      { agentId: 'asha', agentName: 'Asha', state: 'declined', offeredAt: new Date(at(1)).toISOString() },
    ]);
    expect(body.timeline.at(-1)).toMatchObject({ type: 'CallConcluded', at: new Date(at(2)).toISOString() });
    expect(body.decisions).toMatchObject([
      { mode: 'round_robin', chosen: 'asha', candidates: [{ agentId: 'asha', passedOver: null }] },
    ]);
    expect(body.evidence).toMatchObject({ metaConnectedAt: null, agentAnsweredAt: null });
    expect(body).not.toHaveProperty('detail');
  });

  test('tell where a call came from: one by one, in the list and in its export', async () => {
    const origin = { kind: 'call_button', inviteId: 'i1', payload: 'i1' };
    expect((await world.ask('/v1/call-logs/c3')).body.origin).toEqual(origin);
    expect((await world.ask('/v1/call-logs/c1')).body.origin).toEqual({ kind: 'profile' });
    expect((await world.ask('/v1/call-logs/c2')).body.origin).toBeNull();
    expect((await world.ask('/v1/call-logs?channel=ch2')).body.items).toMatchObject([{ origin }]);
    const { text } = await world.ask('/v1/call-logs?sort=startedAt', { headers: { accept: 'text/csv' } });
    const ends = text.split('\r\n').map((line) => line.split(',').slice(-3).join(','));
    expect(ends.slice(0, 4)).toEqual(['origin,originInviteId,originPayload', 'profile,,', ',,', 'call_button,i1,i1']);
  });

  test('know no call of another store', async () => {
    expect((await world.ask('/v1/call-logs/c1', { store: 'other' })).status).toBe(404);
    expect((await world.ask('/v1/call-logs/nothing')).body).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('the tickets', () => {
  test.each([
    ['', 't1 t2'],
    ['status=open', 't1 t2'],
    ['status=resolved', ''],
    ['assignee=asha', 't1'],
    ['unassigned=true', 't2'],
    ['unassigned=false', 't1'],
    ['callChannel=ch1', 't1 t2'],
    ['callChannel=ch2', ''],
    ['callType=incoming.missed', 't1'],
    ['callType=incoming.missed&callType=outgoing.completed', 't1 t2'],
    ['marker=missed_call', 't1'],
    ['marker=in_call', ''],
    ['q=Leo', 't2'],
    ['sort=openedAt', 't1 t2'],
    ['sort=-openedAt', 't2 t1'],
  ])('are found by "%s"', async (query, found) => {
    const { status, body } = await world.ask(`/v1/tickets?${query}`);
    expect(status).toBe(200);
    expect(body.items.map(({ ticketId }: { ticketId: string }) => ticketId).join(' ')).toBe(found);
  });

  test('show one with its calls', async () => {
    const { body } = await world.ask('/v1/tickets/t1');
    expect(body).toMatchObject({
      ticketId: 't1',
      status: 'open',
      assignee: { agentId: 'asha', teamId: null },
      customer: { customerId: 'cus_mia', waId: '4915112345', name: 'Mia' },
      calls: [{ callId: 'c1', status: 'missed', missReason: 'all_declined' }],
      markers: ['missed_call'],
      openedAt: new Date(at(0)).toISOString(),
      lastActivityAt: new Date(at(16)).toISOString(),
    });
  });

  test('have a history, oldest first, in pages', async () => {
    const { body } = await world.ask('/v1/tickets/t1/activities');
    const types = body.items.map(({ type }: { type: string }) => type);
    expect(types).toEqual([
      'Ticket Opened',
      'Call Received',
      'Call Offered',
      'Ticket Assigned',
      'Call Declined by Agent',
      'Call Missed',
      'Note Added',
    ]);
    expect(body.items[0]).toMatchObject({
      ticketId: 't1',
      at: new Date(at(0)).toISOString(),
      actor: { type: 'agent', id: 'asha' },
    });

    const first = await world.ask('/v1/tickets/t1/activities?limit=4');
    const second = await world.ask(`/v1/tickets/t1/activities?cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items]).toEqual(body.items);
  });

  test('know none of another store', async () => {
    expect((await world.ask('/v1/tickets/theirs')).status).toBe(404);
    expect((await world.ask('/v1/tickets/theirs/activities')).status).toBe(404);
    expect((await world.ask('/v1/tickets/theirs', { store: 'other' })).status).toBe(200);
  });
});

describe('the missed-calls tab', () => {
  test('lists who waits and counts them, of this store alone', async () => {
    const { body } = await world.ask('/v1/missed-calls');
    expect(body).toMatchObject({
      badge: 1,
      items: [
        {
          channelId: 'ch1',
          customer: { customerId: 'cus_mia' },
          count: 1,
          reasons: ['all_declined'],
          ticketId: 't1',
          assignee: { agentId: 'asha' },
          state: 'pending',
          lastAt: new Date(at(2)).toISOString(),
        },
      ],
    });
    expect((await world.ask('/v1/missed-calls', { store: 'other' })).body.badge).toBe(1);
  });

  test.each([
    ['channel=ch1', 1],
    ['channel=ch2', 0],
    ['assignee=asha', 1],
    ['assignee=bea', 0],
    ['state=pending', 1],
    ['state=being_called', 0],
  ])('is filtered by %s', async (query, badge) => {
    const { body } = await world.ask(`/v1/missed-calls?${query}`);
    expect([body.badge, body.items.length]).toEqual([badge, badge]);
  });
});
