import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report } from '../../cli/what-if.ts';
import type { AgentFigures, Figures, Spread } from '../../domain/what-if/figures.ts';
import { cli } from '../cli/cli.ts';
import { openPage, type Page } from '../support/page.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';
import { channelId, everybodyFree, openStore, owner } from '../support/store.ts';

let ringbook: Ringbook;
const pages = new Map<string, Page>();
beforeAll(async () => {
  ringbook = await startRingbook({ EVENTSTORE_URL: 'embedded', MONGODB_URL: 'embedded' });
  await openStore(ringbook, { mode: 'round_robin', agents: ['asha', 'ben'] });
  for (const sub of ['asha', 'ben'])
    pages.set(sub, await openPage(ringbook.realtime, { token: await ringbook.token({ sub }) }));
}, 60_000);
afterAll(async () => {
  await Promise.all([...pages.keys()].map(leaves));
  await ringbook?.stop();
});

/** Closes an agent's page. */
const leaves = async (sub: string) => {
  const page = pages.get(sub);
  pages.delete(sub);
  await page?.close();
};

const advance = (seconds: number) => ringbook.simulate('/clock', { advance: `PT${seconds}S` });
const put = async (path: string, body: object) =>
  expect((await ringbook.ask(owner, path, { method: 'PUT', body })).status).toBe(200);
const rowOf = async (waId: string) => (await ringbook.ask(owner, `/v1/call-logs?customer=${waId}`)).body.items[0];
const row = (waId: string, expected: object) =>
  eventually(
    () => rowOf(waId),
    (found) => Object.entries(expected).every(([field, value]) => found?.[field] === value),
  );

let callers = 0;
const rings = async () => {
  const waId = String(919_000_000_000 + ++callers);
  await ringbook.customer(waId, 'call', { channelId });
  await eventually(
    () => rowOf(waId),
    (found) => found !== undefined,
  );
  return waId;
};
const hangsUp = (waId: string) => ringbook.customer(waId, 'hang-up', { channelId });
const offered = async (sub: string, waId: string) => {
  const { callId } = await pages.get(sub)!.until(({ type, from }) => type === 'call.offer' && from?.waId === waId);
  const seen = ({ type }: { type: string }) => type === 'OfferAcknowledged';
  await eventually(
    () => ringbook.ask(owner, `/v1/call-logs/${callId}`),
    ({ body }) => body.timeline.filter(seen).length > 0,
  );
  const act = async (what: string) =>
    expect((await ringbook.ask({ sub }, `/v1/calls/${callId}/${what}`, { body: {} })).status).toBe(200);
  return { accept: () => act('accept'), decline: () => act('decline'), end: () => act('end') };
};

const missedAs = (missReason: string) => ({ status: 'missed', missReason });
/** Everybody is free again, and some time goes by. */
const later = async () => {
  await everybodyFree(ringbook);
  await advance(20);
};

/**
 * A day on which everything happens. Whoever answers does so well before a lost page is given up (5 s): of who loses theirs
 * nobody can then say that they would have answered just before.
 */
const day = async () => {
  const answered = await rings();
  const first = await offered('asha', answered);
  await advance(2);
  await first.accept();
  await advance(60);
  await first.end();
  await row(answered, { status: 'completed', agentId: 'asha' });
  await later();

  const declined = await rings();
  await (await offered('ben', declined)).decline();
  const second = await offered('asha', declined);
  await advance(1);
  await second.accept();
  await advance(40);
  await hangsUp(declined);
  await row(declined, { status: 'completed', agentId: 'asha' });
  await later();

  const [rungOut, givenUp] = [await rings(), await rings()];
  await offered('ben', rungOut);
  await offered('asha', givenUp);
  await row(await rings(), missedAs('no_agent_available'));
  await advance(12);
  await hangsUp(givenUp);
  await row(givenUp, missedAs('caller_hung_up'));
  await advance(20);
  await row(rungOut, missedAs('agent_did_not_answer'));
  await later();

  for (const agentId of ['asha', 'ben'])
    await put(`/v1/agents/${agentId}`, { name: agentId, email: `${agentId}@acme.example`, role: 'agent' });
  await put('/v1/routing', { mode: 'load_balancer', ringSeconds: 30, queueSeconds: 45, capacity: { global: 3 } });
  const atBen = await rings();
  const third = await offered('ben', atBen);
  await advance(2);
  await third.accept();
  const full = { status: 'ongoing', subStatus: 'queued' };
  const waiting = await rings();
  await row(waiting, full);
  await advance(10);
  await resolve(answered);
  const fourth = await offered('asha', waiting);
  await advance(1);
  await fourth.accept();
  const inVain = await rings();
  await row(inVain, full);
  await advance(46);
  await row(inVain, missedAs('capacity_full'));
  await fourth.end();
  await third.end();
  await row(atBen, { status: 'completed', agentId: 'ben' });
  await row(waiting, { status: 'completed', agentId: 'asha' });
  await later();

  await resolve(atBen);
  await placesCall('ben', givenUp);
  await put('/v1/routing', { mode: 'only_if_available', ringSeconds: 20, queueSeconds: 30 });
  await leaves('asha');
  await advance(6);
  const alone = await rings();
  await row(alone, full);
  await advance(31);
  await row(alone, missedAs('queue_timeout'));
  await hangsUp(givenUp);
  await later();

  const lost = await rings();
  await offered('ben', lost);
  await leaves('ben');
  await advance(6);
  await row(lost, full);
  await hangsUp(lost);
  await row(lost, missedAs('caller_hung_up'));

  await put('/v1/routing', { mode: 'unassigned' });
  const nobodys = await rings();
  await row(nobodys, missedAs('unassigned_mode'));
  const off = { enabled: false, userInitiated: { enabled: false }, callbackRequests: { enabled: false } };
  await put(`/v1/channels/${channelId}/calling`, off);
  await row(await rings(), missedAs('incoming_disabled'));
};

const ticketOf = async (waId: string) => (await rowOf(waId)).ticketId;
const resolve = async (waId: string) => {
  const ticketId = await ticketOf(waId);
  await eventually(
    () => ringbook.ask(owner, `/v1/tickets/${ticketId}/resolve`, { body: {} }),
    ({ status }) => status === 200,
  );
};

/** An agent rings a customer, who allowed it before, and they talk. */
const placesCall = async (sub: string, waId: string) => {
  await ringbook.customer(waId, 'permission', { channelId, response: 'accept', source: 'profile' });
  await eventually(
    () => ringbook.ask({ sub }, '/v1/calls', { body: { channelId, customer: waId } }),
    ({ status }) => status === 201,
  );
  await eventually(
    () => ringbook.customer(waId, 'answer', { channelId }),
    ({ status }) => status < 300,
  );
};

const whatIf = async (...options: string[]): Promise<Report> => {
  const args = ['routing', 'what-if', '--store', 'acme', '--json', ...options];
  const { code, out, err } = await cli(args, { DATA_DIR: ringbook.dir });
  expect(code, err).toBe(0);
  return JSON.parse(out);
};

const counts = ({ calls, answered, missed, missReasons, queued, agents }: Figures) => ({
  ...{ calls, answered, missed, missReasons, queued },
  agents: agents.map(({ agentId, offered, answered, ticketsGiven, mostTickets }: AgentFigures) => ({
    ...{ agentId, offered, answered, ticketsGiven, mostTickets },
  })),
});

/** The real system takes a moment for what the replay does in none. */
const moment = 5;
const expectSoon = (replayed: Spread | null, real: Spread | null) => {
  for (const which of ['median', 'p90', 'longest'] as const) {
    expect(replayed![which]).toBeLessThanOrEqual(real![which]);
    expect(replayed![which]).toBeGreaterThan(real![which] - moment);
  }
};

describe('a day of the real system', () => {
  beforeAll(day, 120_000);

  test('is replayed under the rules of then as it was, while the program runs', async () => {
    const { happened, rulesOfThen, rulesAsked, replayedAlike } = await whatIf('--mode', 'unassigned');
    expect(counts(rulesOfThen)).toEqual(counts(happened));
    expect(replayedAlike).toBe(happened.calls);
    expectSoon(rulesOfThen.waitSeconds.answered, happened.waitSeconds.answered);
    expectSoon(rulesOfThen.waitSeconds.missed, happened.waitSeconds.missed);
    expect(rulesAsked.missReasons).toEqual({ unassigned_mode: happened.calls - 1, incoming_disabled: 1 });
  });

  test('has what happened as the call log has it', async () => {
    const { happened } = await whatIf('--mode', 'round_robin');
    const { body } = await ringbook.ask(owner, '/v1/call-logs?direction=incoming&limit=200');
    const withStatus = (status: string) => body.items.filter((row: { status: string }) => row.status === status).length;
    expect(happened).toMatchObject({ answered: withStatus('completed'), missed: withStatus('missed') });
    expect(happened.calls).toBe(callers);
  });
});
