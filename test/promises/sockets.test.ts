import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { desks } from '../support/desk.ts';
import { openPage } from '../support/page.ts';
import { type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterEach(() => world.closePages());
afterAll(() => ringbook?.stop());

describe('Socket Connection', () => {
  test('Whenever an agent logs in, a socket connection is established for WhatsApp calling', async () => {
    const desk = await world.open();
    const asha = await desk.arrives('asha');
    expect(await asha.page.until(({ type }) => type === 'welcome')).toMatchObject({ callSocket: 'active', fence: 1 });
  });

  test('If the same agent is logged in on multiple browsers, the socket remains active in only one of them', async () => {
    const desk = await world.open();
    const first = await desk.arrives('asha', { tab: 'first' });
    const second = await desk.arrives('asha', { tab: 'second' });
    expect(await second.page.until(({ type }) => type === 'welcome')).toMatchObject({ callSocket: 'standby' });
    const customer = desk.customer();
    await customer.rings();
    await first.offered(customer);
    expect(second.wasOffered(customer)).toBe(false);
  });

  test('when the agent attempts to place a call from a browser where the socket is disconnected, they are to reconnect it there', async () => {
    const desk = await world.open();
    const customer = desk.customer();
    await customer.permits({ source: 'profile' });
    await customer.permission({ state: 'permanent' });
    const first = await desk.arrives('asha', { tab: 'first' });
    const second = await desk.arrives('asha', { tab: 'second' });
    const welcomed = ({ type }: { type: string }) => type === 'welcome';
    const [active, standby] = [await first.page.until(welcomed), await second.page.until(welcomed)];
    const call = (as: number) =>
      ringbook.ask(second.who, '/v1/calls', {
        body: { channelId: desk.channelId, customer: customer.waId },
        headers: { 'x-socket-fence': String(as) },
      });
    const other = await openPage(ringbook.realtime, { token: await ringbook.token(first.who), callSocket: false });
    const { fence: none } = await other.until(welcomed);
    for (const fence of [standby.fence, none])
      expect(await call(fence)).toMatchObject({ status: 409, body: { code: 'agent.socket_superseded' } });
    await other.close();

    second.page.send({ type: 'claim' });
    const claimed = await second.page.until((frame) => frame.callSocket === 'active');
    expect(claimed.fence).toBe(active.fence + 1);
    await first.page.until(({ type }) => type === 'superseded');
    expect(await call(active.fence)).toMatchObject({ status: 409, body: { code: 'agent.socket_superseded' } });
    expect(await call(claimed.fence)).toMatchObject({ status: 201 });
  });
});
