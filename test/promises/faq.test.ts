import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { desks } from '../support/desk.ts';
import { type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterEach(() => world.closePages());
afterAll(() => ringbook?.stop());

const template = { method: 'template', template: { name: 'may_we_call', language: 'en' } };
const refusal = (code: string) => ({ status: 409, body: { code } });

const start = async (opening: Parameters<typeof world.open>[0] = {}) => {
  const desk = await world.open(opening);
  return { desk, asha: await desk.arrives('asha'), customer: desk.customer() };
};

test('1: Can my business call any WhatsApp user? Only if they grant permission', async () => {
  const { asha, customer } = await start();
  expect(await asha.calls(customer)).toMatchObject(refusal('permission.none'));
  await asha.hasAsked(customer, template);
  await customer.permits();
  await customer.permission({ state: 'temporary' });
  expect(await asha.calls(customer)).toMatchObject({ status: 201 });
});

test.each(['revoked', 'expired'])(
  '2: What happens if permission is %s? Calls are disabled until permission is re-granted',
  async (state) => {
    const { asha, customer } = await start();
    await customer.permits({ source: 'profile', permanent: false });
    await customer.permission({ state: 'temporary' });
    if (state === 'revoked') await customer.refuses({ source: 'profile' });
    else await world.advance('PT168H');
    await customer.permission({ state });
    expect(await asha.calls(customer)).toMatchObject(refusal(`permission.${state}`));
    await asha.hasAsked(customer, template);
    await customer.permits();
    await customer.permission({ state: 'temporary' });
    expect(await asha.calls(customer)).toMatchObject({ status: 201 });
  },
);

test('3: How many times can I request permission? Once per 24 hours, twice per 7 days; 24 hours after a decline', async () => {
  const { asha, customer } = await start();
  await asha.hasAsked(customer, template);
  expect(await asha.asks(customer, template)).toMatchObject(refusal('permission.request_limit_24h'));
  await world.advance('PT24H');
  await asha.hasAsked(customer, template);
  await world.advance('PT24H');
  expect(await asha.asks(customer, template)).toMatchObject(refusal('permission.request_limit_7d'));
  const declining = await start();
  await declining.asha.hasAsked(declining.customer, template);
  await world.advance('PT23H');
  await declining.customer.refuses();
  await declining.customer.permission({ request: { code: 'permission.declined_wait_24h' } });
  await world.advance('PT24H');
  await declining.asha.hasAsked(declining.customer, template);
});

test('4: What triggers auto-revocation? Four missed calls (customer does not answer or declines)', async () => {
  const { asha, customer } = await start();
  await customer.permits({ source: 'profile' });
  await customer.permission({ state: 'permanent' });
  for (const goes of [customer.declines, () => world.advance('PT61S'), customer.declines, customer.declines]) {
    await customer.permission({ state: 'permanent' });
    const callId = await asha.dials(customer);
    await goes();
    await customer.row({ callId, status: 'unanswered' });
  }
  await customer.permission({ state: 'revoked' });
});

test('5: Where can I view my call and ticket history? In the Ticket History, along with all activity logs', async () => {
  const { desk, asha, customer } = await start();
  await customer.rings();
  const { ticketId, end } = await asha.takes(customer);
  await end();
  await customer.row({ status: 'completed' });
  await customer.history('Ticket Opened', 'Call Received', 'Ticket Assigned', 'Call Connected', 'Call Completed');
  const activities = await desk.items(`/v1/tickets/${ticketId}/activities`);
  for (const { at, actor } of activities) expect([at, actor.type]).toEqual([expect.any(String), expect.any(String)]);
});

test('6: What actions can agents take during a call? End call, view ticket', async () => {
  const { desk, asha, customer } = await start();
  await customer.rings();
  const { callId, ticketId } = await asha.takes(customer);
  expect((await desk.ask(`/v1/tickets/${ticketId}`)).body).toMatchObject({ ticketId, status: 'open' });
  expect(await asha.end(callId)).toMatchObject({ status: 200 });
  await customer.row({ callId, status: 'completed', endedBy: 'agent' });
});

test.each([
  ['Unassigned Mode', { mode: 'unassigned' }, { status: 'missed', missReason: 'unassigned_mode' }],
  ['Round Robin', { mode: 'round_robin' }, { status: 'ongoing', subStatus: 'ringing', agentId: 'asha' }],
  [
    'Assign Only If Staff Are Available',
    { mode: 'only_if_available', onlyIfAvailable: true },
    { status: 'ongoing', subStatus: 'ringing', agentId: 'asha' },
  ],
  ['Load Balancer', { mode: 'load_balancer' }, { status: 'ongoing', subStatus: 'ringing', agentId: 'asha' }],
])('7: How are calls assigned to agents? %s', async (_, rules, expected) => {
  const { customer } = await start({ rules });
  await customer.rings();
  await customer.row(expected);
});

test('8: What happens during non-working hours? BICs are disabled; a callback requested then can be fulfilled later', async () => {
  const closed = { userInitiated: await world.openFrom(10, 70), callbackRequests: { enabled: true } };
  const { asha, customer } = await start({ calling: closed });
  await customer.permits({ source: 'callback' });
  await customer.callback({ state: 'requested' });
  await customer.permission({ state: 'temporary', source: 'callback' });
  expect(await asha.calls(customer)).toMatchObject(refusal('channel.outside_hours'));
  await world.advance('PT11M');
  await asha.reaches(customer);
  await customer.callback({ state: 'fulfilled', fulfilledBy: { agentId: 'asha' } });
});

test('9: Can I route calls using custom logic? Journeys: by team, skill set, or region', async () => {
  const { desk, asha } = await start({ agents: ['asha', 'voice', 'hindi'] });
  const [voice, hindi] = [await desk.arrives('voice'), await desk.arrives('hindi')];
  const routes = [
    ['region', { when: { regions: ['91'] }, route: { team: 'voice' } }, voice],
    ['skill', { when: { skills: ['hindi'] }, route: { team: 'hindi' } }, hindi],
    ['agent', { when: {}, route: { agent: 'asha' } }, asha],
  ] as const;
  for (const [name, journey, agent] of routes) {
    await desk.put(`/v1/journeys/${name}`, { name, priority: 1, ...journey });
    const customer = desk.customer();
    await customer.rings();
    await agent.offered(customer);
    await customer.hangsUp();
    await ringbook.ask(desk.owner, `/v1/journeys/${name}`, { method: 'DELETE' });
  }
});
