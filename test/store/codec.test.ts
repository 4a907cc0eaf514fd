import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { catalogue, type DomainEvent } from '../../domain/index.ts';
import { codec, type Placed, type Stored } from '../../store/codec.ts';
import type { Context } from '../../store/event-log.ts';
import { openStores, type Stores, startStores } from '../support/stores.ts';
import { eventOf, tracer } from './arbitrary-event.ts';

const context: Context = {
  store: 'demo',
  actor: { type: 'agent', id: 'asha' },
  $correlationId: 'correlation-1',
  $causationId: 'command-1',
  commandId: 'command-1',
};

let stores: Stores;
let open: Awaited<ReturnType<typeof openStores>>;
beforeAll(async () => {
  stores = await startStores();
  open = await openStores(stores);
});
afterAll(async () => {
  await open?.close();
  await stores?.stop();
});

/** As if read back from the log at some place. */
const placed = (stored: Stored, revision = 0): Placed => ({
  ...(JSON.parse(JSON.stringify(stored)) as Stored),
  stream: 'call-1',
  revision: BigInt(revision),
  position: 64n + BigInt(revision),
  id: `id-${revision}`,
});

const note = (customerId: string, text: string): DomainEvent => ({
  type: 'NoteAdded',
  at: 1_000,
  ticketId: 't1',
  channelId: 'ch1',
  customerId,
  agentId: 'asha',
  text,
});

test('knows a person behind every personal field', () => {
  for (const [, { personal, schema }] of catalogue)
    for (const subject of personal.values())
      expect(Object.keys((schema as unknown as { shape: object }).shape)).toContain(subject);
});

test.each([...catalogue.keys()])('reads %s as it was written, and stores nothing personal in clear', async (type) => {
  const { encode, decode } = codec(open.keys);
  const { personal } = catalogue.get(type)!;
  const ownerless = (event: DomainEvent) =>
    Object.fromEntries(
      [...personal].filter(([, subject]) => event[subject as never] === null).map(([field]) => [field, null]),
    );

  await fc.assert(
    fc.asyncProperty(fc.array(eventOf(type), { minLength: 1, maxLength: 6 }), async (events) => {
      const stored = await encode(events, context);
      expect(JSON.stringify(stored)).not.toContain(tracer);
      const read = await decode(stored.map(placed));
      expect(read.map(({ event }) => event)).toEqual(events.map((event) => ({ ...event, ...ownerless(event) })));
    }),
    { seed: 7, numRuns: 4 },
  );
});

test('records with every event who caused it, in which version it is written and when it happened', async () => {
  const { encode, decode } = codec(open.keys);
  const [stored] = await encode([note('cus_1', 'call back')], context);
  const [read] = await decode([placed(stored!, 5)]);
  expect(read).toMatchObject({ stream: 'call-1', revision: 5n, position: 69n, id: 'id-5' });
  expect(read!.metadata).toEqual({ ...context, schemaVersion: 1, happenedAt: 1_000 });
  expect(stored!.data).not.toHaveProperty('type');
});

test('forgets what was personal once the key is destroyed, for good', async () => {
  const { encode, decode } = codec(open.keys);
  const [before] = await encode([note('cus_gone', 'very private')], context);
  await open.keys.destroy('cus_gone');

  expect((await decode([placed(before!)]))[0]!.event).toMatchObject({ customerId: 'cus_gone', text: null });
  const [after] = await encode([note('cus_gone', 'said after the erasure')], context);
  expect(after!.data.text).toBeNull();
});

test("keeps one agent's key apart from that of another store's agent with the same id", async () => {
  const { encode, decode } = codec(open.keys);
  const [event] = fc.sample(eventOf('AgentRegistered'), { numRuns: 1, seed: 3 }) as DomainEvent[];
  const registered = { ...event, agentId: 'asha', name: 'Asha', email: 'asha@example.org' } as DomainEvent;
  const [here] = await encode([registered], context);
  const [there] = await encode([registered], { ...context, store: 'other' });
  await open.keys.destroy('agent:other.asha');
  const [a, b] = await decode([placed(here!), placed(there!)]);
  expect(a!.event).toMatchObject({ name: 'Asha' });
  expect(b!.event).toMatchObject({ name: null, email: null });
});

const faults: [string, (stored: Stored) => object, RegExp][] = [
  ['a personal field stands in clear', ({ data }) => ({ data: { ...data, text: 'in clear' } }), /text stands in clear/],
  ['a newer version wrote it', ({ metadata }) => ({ metadata: { ...metadata, schemaVersion: 2 } }), /newer Ringbook/],
  ['its type is unknown', () => ({ type: 'TicketTeleported' }), /TicketTeleported is no event/],
  ['a field is missing', ({ data: { ticketId: _, ...data } }) => ({ data }), /ticketId/],
  ['it has no metadata', () => ({ metadata: undefined }), /NoteAdded/],
  ['its data is no object', () => ({ data: 'text' }), /NoteAdded/],
];

test.each(faults)('refuses a stored event, and names it, when %s', async (_, broken, why) => {
  const { encode, decode } = codec(open.keys);
  const [stored] = await encode([note('cus_2', 'text')], context);
  const reading = decode([{ ...placed(stored!, 3), ...broken(stored!) }]);
  await expect(reading).rejects.toThrow(why);
  await expect(reading).rejects.toThrow(/revision 3 of call-1/);
});
