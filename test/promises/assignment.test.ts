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

const noOne = { agentId: null, teamId: null };
const notPickedUp = { status: 'missed', missReason: 'agent_did_not_answer' };

describe('Agent Availability Requirements', () => {
  test('Only active agents can be assigned calls or initiate outbound calls', async () => {
    const desk = await world.open();
    const asha = await desk.arrives('asha', { active: false });
    const customer = desk.customer();
    await customer.permits({ source: 'profile' });
    await customer.permission({ state: 'permanent' });
    await customer.rings();
    await customer.row({ status: 'missed', missReason: 'no_agent_available' });
    expect(asha.wasOffered(customer)).toBe(false);
    expect(await asha.calls(customer)).toMatchObject({ status: 409, body: { code: 'agent.inactive' } });
    await desk.put('/v1/agents/asha/availability', { active: true });
    await asha.reaches(customer);
    await desk.put('/v1/agents/asha/availability', { active: false, reason: 'Lunch' });
    const by = { actor: { type: 'agent', id: 'owner' } };
    const spells = () => desk.items('/v1/agents/asha/availability');
    expect(await eventually(spells, ({ length }) => length === 3)).toMatchObject([
      { active: false, reason: 'Lunch', until: null, ...by },
      { active: true, reason: null, until: expect.any(String), ...by },
      { active: false, reason: null, ...by },
    ]);
  });
});

describe('Custom Routing via Journeys', () => {
  test('Route calls to specific teams or individual agents based on your business rules', async () => {
    const desk = await world.open({ agents: ['asha', 'voice'] });
    const [asha, voice] = [await desk.arrives('asha'), await desk.arrives('voice')];
    const journey = { name: 'India', priority: 1, when: { regions: ['91'] }, route: { team: 'voice' } };
    await desk.put('/v1/journeys/india', journey);
    await eventually(
      () => desk.items('/v1/journeys'),
      (items) => items.length === 1,
    );
    expect(await desk.items('/v1/journeys')).toMatchObject([{ journeyId: 'india', ...journey }]);
    const [first, second] = [desk.customer(), desk.customer()];
    await first.rings();
    await voice.offered(first);
    await second.rings();
    await asha.offered(second);
  });
});

describe('Unassigned Mode', () => {
  test('Incoming calls are terminated immediately, marked as "missed" and sent to the unassigned queue; agents pick them up', async () => {
    const desk = await world.open({ rules: { mode: 'unassigned' } });
    const asha = await desk.arrives('asha');
    const customer = desk.customer();
    await customer.rings();
    const { ticketId } = await customer.row({ status: 'missed', missReason: 'unassigned_mode', agentId: null });
    await customer.ticket({ assignee: noOne });
    expect(await desk.items('/v1/tickets?unassigned=true')).toMatchObject([{ ticketId }]);
    expect(await asha.post(`/v1/tickets/${ticketId}/assign`, { agentId: 'asha' })).toMatchObject({ status: 200 });
    await customer.ticket({ assignee: { agentId: 'asha' } });
  });
});

describe('Round Robin', () => {
  test('evenly among all available agents; not picked up: "missed", and the ticket remains with that agent', async () => {
    const desk = await world.open({ agents: ['asha', 'bala'] });
    const [asha, bala] = [await desk.arrives('asha'), await desk.arrives('bala')];
    const [first, second] = [desk.customer(), desk.customer()];
    await first.rings();
    await asha.offered(first);
    await second.rings();
    await bala.offered(second);
    await world.advance('PT31S');
    await first.row({ ...notPickedUp, agentId: 'asha' });
    await second.row({ ...notPickedUp, agentId: 'bala' });
    await first.ticket({ assignee: { agentId: 'asha' } });
  });
});

describe('Assign Only If Staff Are Available', () => {
  test('Enabled: assigned only to staff online and available; else queued, and missed when the queue times out', async () => {
    const desk = await world.open({ rules: { mode: 'only_if_available', onlyIfAvailable: true } });
    const [patient, other, leaver] = [desk.customer(), desk.customer(), desk.customer()];
    await patient.rings();
    await patient.row({ subStatus: 'queued' });
    await other.rings();
    await other.row({ subStatus: 'queued' });
    const asha = await desk.arrives('asha');
    await asha.takes(patient);
    expect(asha.wasOffered(other)).toBe(false);
    await leaver.rings();
    await leaver.hangsUp();
    await leaver.row({ status: 'missed', missReason: 'caller_hung_up' });
    await world.advance('PT61S');
    await other.row({ status: 'missed', missReason: 'queue_timeout', agentId: null });
    await other.ticket({ assignee: noOne });
  });

  test('Disabled: assigned whether or not agents are online; inactive: "missed", and the ticket is theirs', async () => {
    const desk = await world.open({
      rules: { mode: 'only_if_available', onlyIfAvailable: false },
      agents: ['asha', 'bala'],
    });
    const bala = await desk.arrives('bala');
    const [first, second, third] = [desk.customer(), desk.customer(), desk.customer()];
    await first.rings();
    const whose = { agentId: 'asha', agentName: 'asha', team: 'asha' };
    const { callId } = await first.row({ ...notPickedUp, ...whose });
    await first.ticket({ assignee: { agentId: 'asha' }, calls: [{ callId, status: 'missed', ...whose }] });
    for (const filter of ['agent=asha', 'team=asha'])
      expect(await desk.items(`/v1/call-logs?${filter}`)).toMatchObject([{ callId }]);
    expect(await desk.items('/v1/call-logs?team=bala')).toEqual([]);
    await second.rings();
    await bala.takes(second);
    await third.rings();
    await third.row({ ...notPickedUp, agentId: 'asha' });
  });
});

describe('Load Balancer', () => {
  test('If agent capacity is full, ticket is pushed to Queue and call is marked as missed, and freed capacity drains it oldest first', async () => {
    const desk = await world.open({ rules: { mode: 'load_balancer', capacity: { global: 1 } } });
    const asha = await desk.arrives('asha');
    const [first, older, younger] = [desk.customer(), desk.customer(), desk.customer()];
    await first.rings();
    const held = await asha.takes(first);
    await older.rings();
    await younger.rings();
    await held.end();
    await asha.resolves(held.ticketId);
    await asha.takes(older);
    expect(asha.wasOffered(younger)).toBe(false);
    await world.advance('PT61S');
    await younger.row({ status: 'missed', missReason: 'capacity_full', agentId: null });
    await eventually(
      () => desk.items('/v1/agents'),
      ([agent]) => agent.load === 1,
    );
  });

  test('the queue survives a crash', async () => {
    const desk = await world.open({ rules: { mode: 'load_balancer' } });
    const waiting = desk.customer();
    await waiting.rings();
    await waiting.row({ subStatus: 'queued' });
    await ringbook.kill();
    await ringbook.start();
    await (await desk.arrives('asha')).offered(waiting);
  });
});
