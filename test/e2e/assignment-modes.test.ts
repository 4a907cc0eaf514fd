import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openPage, type Page } from '../support/page.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
const pages: Page[] = [];
beforeAll(async () => {
  ringbook = await startRingbook();
}, 60_000);
afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()));
});
afterAll(() => ringbook?.stop());

let stores = 0;

/** A store with these rules, one number and these members of staff, all off duty. */
const openStore = async (rules: object, agents: readonly string[]) => {
  const [store, channelId] = [`store${++stores}`, `80000000000010${stores}`];
  const owner = { sub: 'owner', store, role: 'admin' as const };
  const put = async (path: string, body: object) => {
    const answer = await ringbook.ask(owner, path, { method: 'PUT', body });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  };
  await put(`/v1/channels/${channelId}`, { name: 'Care', displayPhoneNumber: '+910000000001', wabaId: '9' });
  await put(`/v1/channels/${channelId}/calling`, {
    enabled: true,
    userInitiated: { enabled: true, workingHours: null, holidays: [] },
    callbackRequests: { enabled: false },
  });
  await put('/v1/routing', { ringSeconds: 30, queueSeconds: 60, ...rules });
  for (const agentId of agents)
    await put(`/v1/agents/${agentId}`, {
      name: agentId,
      email: `${agentId}@acme.example`,
      role: 'agent',
      teams: [agentId],
    });

  let callers = 0;
  const rowOf = async (waId: string) => {
    const { body } = await ringbook.ask(owner, `/v1/call-logs?customer=${waId}`);
    return body.items[0];
  };
  const row = (waId: string, expected: object) =>
    eventually(
      () => rowOf(waId),
      (found) => Object.entries(expected).every(([field, value]) => found?.[field] === value),
    );

  return {
    put,
    row,
    ask: (path: string, body?: object) => ringbook.ask(owner, path, body && { body }),
    /** A new customer rings, and our side knows. */
    async rings(): Promise<string> {
      const waId = `9190000${stores}00${++callers}`;
      await ringbook.customer(waId, 'call', { channelId });
      await row(waId, { status: 'ongoing' });
      return waId;
    },
    hangsUp: (waId: string) => ringbook.customer(waId, 'hang-up', { channelId }),
    /** Comes on duty with a page open. */
    async arrives(agentId: string) {
      const page = await openPage(ringbook.realtime, { token: await ringbook.token({ sub: agentId, store }) });
      pages.push(page);
      await put(`/v1/agents/${agentId}/availability`, { active: true });
      const who = { sub: agentId, store };
      const act = (callId: string, what: string) => ringbook.ask(who, `/v1/calls/${callId}/${what}`, { body: {} });
      return {
        /** It rings here, and our side knows that the page shows it. */
        async offered(waId: string) {
          const { callId } = await page.until(({ type, from }) => type === 'call.offer' && from?.waId === waId);
          await eventually(
            () => ringbook.ask(who, `/v1/call-logs/${callId}`),
            ({ body }) => body.timeline.some(({ type }: { type: string }) => type === 'OfferAcknowledged'),
          );
        },
        wasOffered: (waId: string) =>
          page.frames.some(({ type, from }) => type === 'call.offer' && from?.waId === waId),
        async takes(waId: string) {
          const { callId, ticketId } = await page.until(
            ({ type, from }) => type === 'call.offer' && from?.waId === waId,
          );
          expect((await act(callId, 'accept')).status).toBe(200);
          return { ticketId, end: () => act(callId, 'end') };
        },
        async resolves(ticketId: string) {
          await eventually(
            () => ringbook.ask(who, `/v1/tickets/${ticketId}/resolve`, { body: {} }),
            ({ status }) => status === 200,
          );
        },
      };
    },
  };
};

const advance = (by: string) => ringbook.simulate('/clock', { advance: by });

describe('unassigned', () => {
  test('the call is missed at once, and its ticket is nobody’s', async () => {
    const store = await openStore({ mode: 'unassigned' }, ['asha']);
    await store.arrives('asha');
    const waId = '919000010099';
    await ringbook.customer(waId, 'call', { channelId: '800000000000101' });
    const { ticketId } = await store.row(waId, { status: 'missed', missReason: 'unassigned_mode', agentId: null });
    expect((await store.ask(`/v1/tickets/${ticketId}`)).body.assignee.agentId).toBeNull();
  });
});

describe('round robin', () => {
  test('each in turn; who does not pick up keeps the ticket', async () => {
    const store = await openStore({ mode: 'round_robin' }, ['asha', 'bala']);
    const [asha, bala] = [await store.arrives('asha'), await store.arrives('bala')];
    const first = await store.rings();
    await asha.offered(first);
    const second = await store.rings();
    await bala.offered(second);
    await advance('PT31S');
    const missed = { status: 'missed', missReason: 'agent_did_not_answer' };
    const { ticketId } = await store.row(first, { ...missed, agentId: 'asha' });
    await store.row(second, { ...missed, agentId: 'bala' });
    expect((await store.ask(`/v1/tickets/${ticketId}`)).body.assignee.agentId).toBe('asha');
  });
});

describe('only if available', () => {
  test('with nobody there: the call waits, is offered to whoever comes, and is missed when nobody does', async () => {
    const store = await openStore({ mode: 'only_if_available', onlyIfAvailable: true }, ['asha']);
    const [patient, other] = [await store.rings(), await store.rings()];
    await store.row(patient, { subStatus: 'queued' });
    const asha = await store.arrives('asha');
    await asha.takes(patient);
    expect(asha.wasOffered(other)).toBe(false);
    const leaver = await store.rings();
    await store.hangsUp(leaver);
    await store.row(leaver, { status: 'missed', missReason: 'caller_hung_up' });
    await advance('PT61S');
    const { ticketId } = await store.row(other, { status: 'missed', missReason: 'queue_timeout', agentId: null });
    expect((await store.ask(`/v1/tickets/${ticketId}`)).body.assignee.agentId).toBeNull();
  });

  test('disabled: each in turn, there or not; the absent one has missed it and keeps the ticket', async () => {
    const store = await openStore({ mode: 'only_if_available', onlyIfAvailable: false }, ['asha', 'bala']);
    const bala = await store.arrives('bala');
    const [first, second] = [await store.rings(), await store.rings()];
    const missed = { status: 'missed', missReason: 'agent_did_not_answer', agentId: 'asha' };
    const { ticketId } = await store.row(first, missed);
    expect((await store.ask(`/v1/tickets/${ticketId}`)).body.assignee.agentId).toBe('asha');
    await bala.takes(second);
    await store.row(await store.rings(), missed);
  });
});

describe('load balancer', () => {
  test('full agents: the call waits, and room drains the queue oldest first', async () => {
    const store = await openStore({ mode: 'load_balancer', capacity: { global: 1 } }, ['asha']);
    const asha = await store.arrives('asha');
    const held = await asha.takes(await store.rings());
    const [older, younger] = [await store.rings(), await store.rings()];
    await held.end();
    await asha.resolves(held.ticketId);
    await asha.takes(older);
    expect(asha.wasOffered(younger)).toBe(false);
    await advance('PT61S');
    await store.row(younger, { status: 'missed', missReason: 'capacity_full', agentId: null });
    const agents = await store.ask('/v1/agents');
    expect(agents.body.items).toMatchObject([{ agentId: 'asha', load: 1 }]);
  });

  test('the queue survives a crash', async () => {
    const store = await openStore({ mode: 'load_balancer' }, ['asha']);
    const waiting = await store.rings();
    await store.row(waiting, { subStatus: 'queued' });
    await ringbook.kill();
    await ringbook.start();
    await (await store.arrives('asha')).offered(waiting);
  });
});

describe('journeys', () => {
  test('lead calls to a team while somebody there is free', async () => {
    const store = await openStore({ mode: 'round_robin' }, ['asha', 'voice']);
    const [asha, voice] = [await store.arrives('asha'), await store.arrives('voice')];
    const journey = { name: 'India', priority: 1, when: { regions: ['91'] }, route: { team: 'voice' } };
    await store.put('/v1/journeys/india', journey);
    const { body } = await eventually(
      () => store.ask('/v1/journeys'),
      (answer) => answer.body.items.length === 1,
    );
    expect(body.items).toMatchObject([{ journeyId: 'india', ...journey }]);
    const first = await store.rings();
    await voice.offered(first);
    await asha.offered(await store.rings());
  });
});
