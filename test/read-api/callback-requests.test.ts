import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, happened } from '../projections/events.ts';
import { startWorld, type World } from './world.ts';

const { callbackRequested, callbackClaimed, callbackFulfilled, callbackExpired } = happened;

/** The request of one of several customers. */
const of = (name: string, channelId = 'ch1') => {
  const customerId = `cus_${name}`;
  return { customerId, channelId, callbackId: `${channelId}.${customerId}.1` };
};

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.append([callbackRequested(0, of('theirs'))], 'other');
  const position = await world.append([
    callbackRequested(30, of('last')),
    callbackRequested(10, { ...of('first'), expiresAt: at(1) }),
    callbackRequested(20, { ...of('sales', 'ch2'), waId: '4930999', customerName: 'Leo' }),
    callbackClaimed(25, { ...of('sales', 'ch2'), agentId: 'bea' }),
    callbackRequested(5, of('done')),
    { ...callbackFulfilled(6), ...of('done') },
    callbackRequested(4, of('gone')),
    { ...callbackExpired(99), ...of('gone') },
  ]);
  expect((await world.askAt(position, '/v1/callback-requests')).status).toBe(200);
});
afterAll(() => world?.stop());

const found = async (query: string) => {
  const { status, body } = await world.ask(`/v1/callback-requests?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body.items.map(({ customer }: { customer: { customerId: string } }) => customer.customerId.slice(4)).join(' ');
};

describe('the callback requests', () => {
  test('show a request as clients know it', async () => {
    const { body } = await world.ask('/v1/callback-requests?claimedBy=bea');
    expect(body.items).toEqual([
      {
        id: 'ch2.cus_sales.1',
        callbackId: 'ch2.cus_sales.1',
        state: 'claimed',
        channelId: 'ch2',
        channelName: 'Support',
        customer: { customerId: 'cus_sales', waId: '4930999', name: 'Leo' },
        ticketId: 't1',
        callId: 'c1',
        because: 'outside_hours',
        requestedAt: new Date(at(20)).toISOString(),
        lastRequestedAt: new Date(at(20)).toISOString(),
        count: 1,
        claimedBy: 'bea',
        claimedAt: new Date(at(25)).toISOString(),
        expiresAt: new Date(at(20 + 7 * 24 * 60)).toISOString(),
        closedAt: null,
        closedBecause: null,
        fulfilledBy: null,
        position: expect.stringMatching(/^\d+$/),
      },
    ]);
  });

  test.each([
    ['', 'gone done first sales last'],
    ['state=requested', 'first last'],
    ['state=requested&state=claimed', 'first sales last'],
    ['state=fulfilled', 'done'],
    ['state=expired', 'gone'],
    ['state=closed', ''],
    ['channel=ch2', 'sales'],
    ['customer=cus_done', 'done'],
    ['customer=%2B4930999', 'sales'],
    ['claimedBy=asha', ''],
    ['sort=-requestedAt&limit=1', 'last'],
    ['sort=expiresAt&limit=1', 'first'],
  ])('are found by "%s", whoever has waited longest first', async (query, expected) => {
    expect(await found(query)).toBe(expected);
  });

  test('come in pages', async () => {
    const { body } = await world.ask('/v1/callback-requests?limit=3');
    expect(await found(`limit=3&cursor=${body.nextCursor}`)).toBe('sales last');
  });

  test.each(['state=open', 'status=requested', 'claimedBy='])('are not asked for by %s', async (query) => {
    expect((await world.ask(`/v1/callback-requests?${query}`)).status).toBe(422);
  });

  test('of another store are not shown', async () => {
    const { body } = await world.ask('/v1/callback-requests', { store: 'third' });
    expect(body.items).toEqual([]);
  });

  test('are exported with a column for each fact', async () => {
    const { text } = await world.ask('/v1/callback-requests?state=fulfilled', { headers: { accept: 'text/csv' } });
    const [heading, row] = text.trimEnd().split('\r\n');
    expect(heading).toMatch(/^id,state,channelId,channelName,customerId,/);
    expect(row).toMatch(
      /^ch1\.cus_done\.1,fulfilled,ch1,Support,cus_done,4915112345,Mia,t1,c1,outside_hours,.*,c2,asha$/,
    );
  });
});
