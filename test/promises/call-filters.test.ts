import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, type Customer, type Desk, desks } from '../support/desk.ts';
import { eventually, type Ringbook, startRingbook } from '../support/ringbook.ts';

let ringbook: Ringbook;
let world: ReturnType<typeof desks>;
beforeAll(async () => {
  ringbook = await startRingbook();
  world = desks(ringbook);
}, 60_000);
afterEach(() => world.closePages());
afterAll(() => ringbook?.stop());

type Scene = { readonly desk: Desk; readonly asha: Agent; readonly customer: Customer };

/** The customer may be called and has a ticket. */
const start = async (): Promise<Scene> => {
  const desk = await world.open();
  const customer = desk.customer();
  await customer.permits({ source: 'profile' });
  await customer.permission({ state: 'permanent' });
  return { desk, asha: await desk.arrives('asha'), customer };
};

const talks = async ({ asha, customer }: Scene) => {
  await customer.rings();
  return asha.takes(customer);
};

/** How a call of each kind comes about. */
const scenes: readonly [string, string, (scene: Scene) => Promise<unknown>][] = [
  ['Incoming Calls: Ongoing: Calls currently in progress', 'incoming.ongoing', talks],
  [
    'Incoming Calls: Completed: Successfully completed calls',
    'incoming.completed',
    async (scene) => (await talks(scene)).end(),
  ],
  [
    'Incoming Calls: Missed: Not answered by agent',
    'incoming.missed',
    async ({ asha, customer }) => {
      await customer.rings();
      await asha.offered(customer);
      await world.advance('PT31S');
    },
  ],
  [
    'Incoming Calls: Disconnected: Ended due to error/network issue',
    'incoming.disconnected',
    async (scene) => {
      await talks(scene);
      await scene.customer.loses();
    },
  ],
  [
    'Outgoing Calls: Ongoing: Calls currently in progress',
    'outgoing.ongoing',
    ({ asha, customer }) => asha.dials(customer),
  ],
  [
    'Outgoing Calls: Completed: Successfully completed calls',
    'outgoing.completed',
    async ({ asha, customer }) => (await asha.reaches(customer)).end(),
  ],
  [
    'Outgoing Calls: Disconnected: Ended due to error/network issue',
    'outgoing.disconnected',
    async ({ asha, customer }) => {
      await asha.reaches(customer);
      await customer.loses();
    },
  ],
  [
    'Outgoing Calls: Unanswered: Not answered by customer',
    'outgoing.unanswered',
    async ({ asha, customer }) => {
      await asha.dials(customer);
      await world.advance('PT61S');
    },
  ],
];

test('Channel Filter: Shows tickets with at least one WhatsApp voice call', async () => {
  const { desk, asha, customer } = await start();
  const writer = desk.customer();
  await writer.writes();
  await asha.hasAsked(writer);
  await talks({ desk, asha, customer });
  const withCalls = () => desk.items(`/v1/tickets?callChannel=${desk.channelId}`);
  await eventually(withCalls, (items) => items.length === 1 && items[0].customer.waId === customer.waId);
  expect(await desk.items('/v1/tickets')).toHaveLength(2);
});

describe('Call Type Filters', () => {
  test.each(scenes)('%s', async (_, callType, play) => {
    const scene = await start();
    await play(scene);
    const [direction, status] = callType.split('.');
    const { callId, ticketId } = await scene.customer.row({ direction, status });
    await eventually(
      () => scene.desk.items(`/v1/tickets?callType=${callType}`),
      (items) => items.length === 1 && items[0].ticketId === ticketId,
    );
    expect(await scene.desk.items(`/v1/call-logs?status=${callType}`)).toMatchObject([{ callId }]);
    const others = scenes.map(([, other]) => other).filter((other) => other !== callType);
    const all = (path: string, name: string) =>
      scene.desk.items(`${path}?${others.map((o) => `${name}=${o}`).join('&')}`);
    expect(await all('/v1/tickets', 'callType')).toEqual([]);
    expect(await all('/v1/call-logs', 'status')).toEqual([]);
  });
});
