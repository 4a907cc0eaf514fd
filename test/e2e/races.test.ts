import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliver, incomingConnect } from '../support/meta.ts';
import { openPage, type Page } from '../support/page.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, everybodyFree, openStore, owner } from '../support/store.ts';

const agents = ['ana', 'bo'];

let ringbook: Ringbook;
let pages: Page[];

beforeAll(async () => {
  ringbook = await startRingbook();
  await openStore(ringbook, { mode: 'round_robin', agents });
  pages = await Promise.all(
    agents.map(async (sub) => openPage(ringbook.realtime, { token: await ringbook.token({ sub }) })),
  );
}, 60_000);

afterAll(async () => {
  await Promise.all((pages ?? []).map((page) => page.close()));
  await ringbook?.stop();
});

const rowsOf = async (ids: readonly string[]) =>
  (await ringbook.ask(owner, '/v1/call-logs?limit=200')).body.items.filter((row: { metaCallId: string }) =>
    ids.includes(row.metaCallId),
  );

describe('calls that race for agents', () => {
  test('ring at one agent each, and the one too many is missed with its reason', async () => {
    const calls = [1, 2, 3].map((n) => ({
      channelId,
      metaCallId: `wacid.RACE${n}`,
      waId: `91000008800${n}`,
      at: Date.now(),
    }));
    const taken = await Promise.all(calls.map((call) => deliver(ringbook.http, incomingConnect(call))));
    expect(taken).toEqual([200, 200, 200]);

    const offers = await Promise.all(pages.map((page) => page.until(({ type }) => type === 'call.offer')));
    expect(new Set(offers.map(({ callId }) => callId)).size).toBe(2);
    const rows = await eventually(
      () => rowsOf(calls.map(({ metaCallId }) => metaCallId)),
      (all) => all.length === 3 && all.some(({ status }: { status: string }) => status === 'missed'),
    );
    expect(rows.map(({ status }: { status: string }) => status).sort()).toEqual(['missed', 'ongoing', 'ongoing']);
    expect(rows.find(({ status }: { status: string }) => status === 'missed').missReason).toBe('no_agent_available');
    for (const page of pages) expect(page.frames.filter(({ type }) => type === 'call.offer')).toHaveLength(1);

    const [answered, other] = await Promise.all(
      offers.map(({ callId }, i) => ringbook.ask({ sub: agents[i]! }, `/v1/calls/${callId}/accept`, { body: {} })),
    );
    expect([answered!.status, other!.status]).toEqual([409, 409]); // Meta (the simulator) does not know these calls
  });

  test('an offer belongs to one agent: another may neither take nor decline it', async () => {
    await everybodyFree(ringbook);
    const placed = await ringbook.customer('910000088010', 'call', { channelId, name: 'Gita' });
    expect(placed.status).toBe(201);
    const offered = await Promise.race(
      pages.map(async (page, i) => ({
        i,
        offer: await page.until(({ from }) => from?.waId === '910000088010', 10_000),
      })),
    );
    const stranger = { sub: agents[1 - offered.i]! };
    const path = `/v1/calls/${offered.offer.callId}`;
    for (const action of ['accept', 'decline'])
      expect(await ringbook.ask(stranger, `${path}/${action}`, { body: {} })).toMatchObject({
        status: 409,
        body: { code: 'call.not_offered' },
      });
    const taker = { sub: agents[offered.i]! };
    expect((await ringbook.ask(taker, `${path}/accept`, { body: {} })).status).toBe(200);
    expect((await ringbook.ask(taker, `${path}/end`, { body: {} })).status).toBe(200);
    await eventually(
      () => ringbook.ask(owner, `/v1/call-logs/${offered.offer.callId}`),
      ({ body }) => body.status === 'completed',
    );
  });

  test('a page that goes while it rings, and stays away, loses the offer to the next agent', async () => {
    await everybodyFree(ringbook);
    const waId = '910000088011';
    await ringbook.customer(waId, 'call', { channelId, name: 'Harsh' });
    const isIt = ({ type, from }: { type: string; from?: { waId: string } }) =>
      type === 'call.offer' && from?.waId === waId;
    const first = await Promise.race(pages.map(async (page, i) => ({ i, offer: await page.until(isIt, 10_000) })));
    await pages[first.i]!.close();
    const other = pages[1 - first.i]!;
    await eventually(
      async () => {
        await ringbook.simulate('/clock', { advance: 'PT6S' });
        return other.frames.some(isIt);
      },
      (offered) => offered,
    );
    const { body } = await ringbook.ask(owner, `/v1/call-logs/${first.offer.callId}`);
    expect(body.status).toBe('ongoing');
    pages[first.i] = await openPage(ringbook.realtime, { token: await ringbook.token({ sub: agents[first.i]! }) });
  });
});
