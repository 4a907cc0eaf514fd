import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage } from '../support/page.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, openStore } from '../support/store.ts';

const asha = { sub: 'asha' };

let ringbook: Ringbook;

beforeAll(async () => {
  ringbook = await startRingbook();
  await openStore(ringbook, { mode: 'round_robin', agents: ['asha'] });
}, 60_000);

afterAll(() => ringbook?.stop());

const permissionOf = async (waId: string) =>
  (await ringbook.ask(asha, `/v1/channels/${channelId}/customers/${waId}/permission`)).body;

const grant = async (waId: string) => {
  await ringbook.customer(waId, 'permission', { channelId, response: 'accept', source: 'profile', permanent: false });
  return eventually(
    () => permissionOf(waId),
    ({ state }) => state === 'temporary',
  );
};

describe('what time alone causes', () => {
  test('a phone that rings unanswered for the ring time is a miss of that agent', async () => {
    const waId = '910000000031';
    const page = await openPage(ringbook.realtime, { token: await ringbook.token(asha) });
    await ringbook.customer(waId, 'call', { channelId, name: 'Esha' });
    const offer = await page.until(({ type }) => type === 'call.offer');
    await eventually(
      () => ringbook.ask(asha, `/v1/call-logs/${offer.callId}`),
      ({ body }) => body.timeline.some(({ type }: { type: string }) => type === 'OfferAcknowledged'),
    );
    await ringbook.simulate('/clock', { advance: 'PT20S' });
    expect((await ringbook.ask(asha, `/v1/call-logs/${offer.callId}`)).body.status).toBe('ongoing');
    await ringbook.simulate('/clock', { advance: 'PT11S' });
    const row = await eventually(
      async () => (await ringbook.ask(asha, `/v1/call-logs/${offer.callId}`)).body,
      ({ status }) => status === 'missed',
    );
    expect(row.missReason).toBe('agent_did_not_answer');
    const { body: ticket } = await ringbook.ask(asha, `/v1/tickets/${row.ticketId}`);
    expect(ticket.assignee.agentId).toBe('asha');
    await page.close();
  });

  test('a temporary permission ends after 168 hours, also when the server was down', { timeout: 60_000 }, async () => {
    const waId = '910000000032';
    const { until } = await grant(waId);
    const left = Date.parse(until) - Date.parse((await ringbook.simulate('/clock')).body.now);
    await ringbook.simulate('/clock', { advance: `PT${Math.floor(left / 60_000) - 1}M` });
    expect(await permissionOf(waId)).toMatchObject({ state: 'temporary' });
    await ringbook.kill('SIGKILL');
    await ringbook.start();
    await ringbook.simulate('/clock', { advance: 'PT5M' });
    const after = await eventually(
      () => permissionOf(waId),
      ({ state }) => state === 'expired',
    );
    expect(after.verdict.code).toBe('permission.expired');
  });
});
