import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { transactions } from '../../commands/transact.ts';
import { contextOf } from '../../commands/write-side.ts';
import { agent } from '../../domain/agent.ts';
import { ticket } from '../../domain/ticket.ts';
import { fresh, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const context = (commandId: string = randomUUID()) =>
  contextOf({ store: 'acme', actor: { type: 'system', id: 'test' }, commandId, correlationId: 'test' });

const at = Date.UTC(2026, 10, 20, 9);
const profile = { name: 'Ana', email: 'ana@example.com', role: 'agent', teams: [], capacity: null } as const;
const register = { type: 'RegisterAgent', at, agentId: 'ana', ...profile, teams: [] as string[] } as const;
const availability = (active: boolean) =>
  ({ type: 'SetAvailability', at, agentId: 'ana', active, reason: null }) as const;

/** Two processes that write to the same log, each with what it remembers. */
const processes = () => [transactions(world.log), transactions(world.log)] as const;

test('what another process wrote meanwhile is decided upon, whether it says yes, no or nothing new', async () => {
  const [here, there] = processes();
  const id = `acme.${fresh.store()}`;
  expect(await here.transact(agent, id, availability(true), context())).toMatchObject({ refused: 'agent.unknown' });
  await there.transact(agent, id, register, context());
  expect(await here.transact(agent, id, availability(true), context())).toMatchObject({
    events: [{ type: 'AgentActivated' }],
    state: { active: true },
  });
  expect(await there.transact(agent, id, availability(true), context())).toMatchObject({ events: [], position: null });
  await there.transact(agent, id, availability(false), context());
  expect(await here.transact(agent, id, availability(true), context())).toMatchObject({
    events: [{ type: 'AgentActivated' }],
  });
});

test('of many at once, each has its say exactly once', async () => {
  const [here, there] = processes();
  const ids = { ticketId: fresh.store(), channelId: '8', customerId: 'cus_a' };
  const opening = {
    channelName: 'Care',
    waId: null,
    customerName: null,
    because: 'incoming_call',
    callId: 'c',
  } as const;
  await here.transact(ticket, ids.ticketId, { type: 'OpenTicket', at, ...ids, ...opening }, context());
  const note = (text: string) => ({ type: 'AddNote', at, agentId: 'ana', text }) as const;
  await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      (n % 2 ? here : there).transact(ticket, ids.ticketId, note(String(n)), context()),
    ),
  );
  const texts = (await world.eventsOf(`ticket-${ids.ticketId}`)).slice(1).map((event) => 'text' in event && event.text);
  expect(texts.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
});

test('a command that a stream holds already is not decided again, in this process or another', async () => {
  const [here, there] = processes();
  const ids = { ticketId: fresh.store(), channelId: '8', customerId: 'cus_a' };
  const opening = {
    channelName: 'Care',
    waId: null,
    customerName: null,
    because: 'incoming_call',
    callId: 'c',
  } as const;
  await here.transact(ticket, ids.ticketId, { type: 'OpenTicket', at, ...ids, ...opening }, context());
  const same = context();
  const note = { type: 'AddNote', at, agentId: 'ana', text: 'once' } as const;
  expect(await here.transact(ticket, ids.ticketId, note, same)).toMatchObject({ events: [{ type: 'NoteAdded' }] });
  await here.transact(ticket, ids.ticketId, { ...note, text: 'another' }, context());
  for (const { transact } of [here, there])
    expect(await transact(ticket, ids.ticketId, note, same)).toMatchObject({ events: [], position: null });
  expect(await world.typesIn(`ticket-${ids.ticketId}`)).toEqual(['TicketOpened', 'NoteAdded', 'NoteAdded']);
});

test('the state of a stream is what the log holds now', async () => {
  const [here, there] = processes();
  const id = `acme.${fresh.store()}`;
  expect(await here.stateOf(agent, id)).toEqual(agent.initial);
  await there.transact(agent, id, register, context());
  expect(await here.stateOf(agent, id)).toMatchObject({ profile: { name: 'Ana' } });
});
