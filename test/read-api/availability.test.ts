import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { at } from '../projections/events.ts';
import { startWorld, type World } from './world.ts';

const asha = { agentId: 'asha' };
const registered: DomainEvent = {
  ...{ type: 'AgentRegistered', at: at(0), ...asha },
  ...{ name: 'Asha', email: 'a@example.com', role: 'agent', teams: [], capacity: null },
};
const story: readonly DomainEvent[] = [
  registered,
  { type: 'AgentActivated', at: at(10), ...asha, reason: null, spell: 1 },
  { type: 'AgentDeactivated', at: at(20), ...asha, reason: '=Lunch', spell: 2 },
  { type: 'AgentActivated', at: at(30), ...asha, reason: null, spell: 3 },
];

let world: World;
let head: bigint;
beforeAll(async () => {
  world = await startWorld();
  await world.append([{ ...registered, agentId: 'theirs' }], 'other');
  head = await world.append(story);
});
afterAll(() => world?.stop());

const path = '/v1/agents/asha/availability';
const moment = (minute: number) => new Date(at(minute)).toISOString();
const begins = async (query: string) =>
  (await world.askAt(head, `${path}?${query}`)).body.items.map(({ from }: { from: string }) => from);

describe('the availability of an agent', () => {
  test('is told newest first: from when until when, why, and who said so', async () => {
    const { status, body } = await world.askAt(head, path);
    expect(status).toBe(200);
    expect(body).toMatchObject({ nextCursor: null, position: expect.stringMatching(/^\d+$/) });
    const actor = { type: 'agent', id: 'asha' };
    const position = expect.stringMatching(/^\d+$/);
    expect(body.items).toEqual([
      { ...asha, from: moment(30), until: null, active: true, reason: null, actor, position },
      { ...asha, from: moment(20), until: moment(30), active: false, reason: '=Lunch', actor, position },
      { ...asha, from: moment(10), until: moment(20), active: true, reason: null, actor, position },
      { ...asha, from: moment(0), until: moment(10), active: false, reason: null, actor, position },
    ]);
  });

  test.each([
    ['from 12:10 on', [`from=${moment(10)}`], [30, 20, 10]],
    ['from a moment before', [`from=${new Date(at(10) - 1).toISOString()}`], [30, 20, 10, 0]],
    ['until before 12:20', [`to=${moment(20)}`], [10, 0]],
    ['in a span within one spell', [`from=${moment(12)}`, `to=${moment(13)}`], [10]],
    ['when active', ['active=true'], [30, 10]],
    ['oldest first', ['sort=from'], [0, 10, 20, 30]],
  ])('is found %s', async (_, query, minutes) => {
    expect(await begins(query.join('&'))).toEqual(minutes.map(moment));
  });

  test('comes page by page, and as a whole in CSV without formulas', async () => {
    const first = (await world.askAt(head, `${path}?limit=3`)).body;
    expect(await begins(`limit=3&cursor=${first.nextCursor}`)).toEqual([moment(0)]);
    const { text } = await world.askAt(head, path, { headers: { accept: 'text/csv' } });
    expect(text.split('\r\n').slice(0, 3)).toEqual([
      'agentId,from,until,active,reason,actorType,actorId',
      `asha,${moment(30)},,true,,agent,asha`,
      `asha,${moment(20)},${moment(30)},false,'=Lunch,agent,asha`,
    ]);
  });

  test.each([
    ['nobody', '/v1/agents/nobody/availability'],
    ['another store’s', '/v1/agents/theirs/availability'],
  ])('is not found: %s', async (_, of) => {
    expect(await world.askAt(head, of)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
