import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { idempotencyKeys } from '../../commands/collections.ts';
import { type Done, idempotent } from '../../commands/idempotency.ts';
import { type Refusal, refuse } from '../../domain/decider.ts';
import { delivery, permissionReply } from './whatsapp/samples.ts';
import { fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let once: ReturnType<typeof idempotent>;
beforeAll(async () => {
  world = await startWorld();
  once = idempotent(world.db);
});
afterAll(() => world.stop());

const caller = { sub: 'ana', store: 'acme', role: 'agent', teams: [] } as const;
let key: string;
beforeEach(() => {
  key = randomUUID();
});

/** A command that notes each run, with its command id. */
const counted = (answer: () => Done | Refusal | Promise<Done | Refusal>) => {
  const commandIds: string[] = [];
  const run = async (commandId: string) => {
    commandIds.push(commandId);
    return answer();
  };
  return { commandIds, run };
};

const done: Done = { status: 201, body: { callId: 'c1', position: '7' } };
const request = (more: object = {}) => ({
  caller: { ...caller, teams: [] },
  key,
  content: ['post', '/v1/calls'],
  ...more,
});

describe('a key', () => {
  test('used twice runs once and answers the same', async () => {
    const { run, commandIds } = counted(() => done);
    expect([await once(request(), run), await once(request(), run)]).toEqual([done, done]);
    expect(commandIds).toHaveLength(1);
  });

  test('used for another request is refused', async () => {
    const { run } = counted(() => done);
    await once(request(), run);
    await expect(once(request({ content: ['post', '/v1/routing'] }), run)).rejects.toMatchObject({
      status: 422,
      code: 'idempotency.key_reused',
    });
  });

  test('is one agent’s of one store', async () => {
    const { run, commandIds } = counted(() => done);
    await once(request(), run);
    await once(request({ caller: { ...caller, teams: [], sub: 'ben' } }), run);
    await once(request({ caller: { ...caller, teams: [], store: 'other' } }), run);
    expect(new Set(commandIds).size).toBe(3);
  });

  test('used many times at once runs once; the others wait for its answer', async () => {
    const { run, commandIds } = counted(async () => {
      await expect.poll(() => idempotencyKeys(world.db).findOne({ key })).toMatchObject({ answer: null });
      return done;
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => once(request(), run)));
    expect(answers).toEqual(Array.from({ length: 5 }, () => done));
    expect(commandIds).toHaveLength(1);
  });

  test('whose command was refused is free again', async () => {
    const refused = refuse('permission.none');
    const first = counted(() => refused);
    expect(await once(request(), first.run)).toEqual(refused);
    const second = counted(() => done);
    expect(await once(request(), second.run)).toEqual(done);
    expect(second.commandIds).not.toEqual(first.commandIds);
  });

  test('whose command failed runs again as the same command', async () => {
    const first = counted(() => Promise.reject(new Error('a crash')));
    await expect(once(request(), first.run)).rejects.toThrow('a crash');
    const second = counted(() => done);
    expect(await once(request(), second.run)).toEqual(done);
    expect(second.commandIds).toEqual(first.commandIds);
  });

  test('whose process died runs again as the same command, once the others have waited long enough', async () => {
    const first = counted(() => new Promise<Done>(() => {}));
    void once(request(), first.run);
    await expect.poll(() => first.commandIds).toHaveLength(1);
    const second = counted(() => done);
    expect(await once(request(), second.run)).toEqual(done);
    expect(second.commandIds).toEqual(first.commandIds);
  });
});

test('without a key, every request is a command of its own', async () => {
  const { run, commandIds } = counted(() => done);
  await once(request({ key: undefined }), run);
  await once(request({ key: undefined }), run);
  expect(new Set(commandIds).size).toBe(2);
});

describe('over HTTP', () => {
  const willing = async ({ store, channelId }: Awaited<ReturnType<typeof openStore>>) => {
    const waId = fresh.number();
    const grant = { response: 'accept', is_permanent: true, response_source: 'user_action' };
    await world.deliver(delivery(permissionReply({ channelId, waId, id: `wamid.${waId}` }, grant)));
    return { waId, customerId: (await world.w.directory.find(store, waId))?.customerId };
  };

  test('a call placed twice with one key, even at once, is one call', async () => {
    const care = await openStore(world);
    const { waId } = await willing(care);
    const headers = { 'idempotency-key': key };
    const place = (customer = waId) =>
      world.ask(care.as('ana'), '/v1/calls', { channelId: care.channelId, customer }, { headers });
    const [one, two] = await Promise.all([place(), place()]);
    expect(one).toMatchObject({ status: 201 });
    expect(two).toMatchObject({ status: 201, body: one.body });
    expect((await place()).body).toEqual(one.body);
    expect(world.meta.askedAbout(waId)).toHaveLength(1);
    expect(await place(fresh.number())).toMatchObject({ status: 422, body: { code: 'idempotency.key_reused' } });
  });

  test('a note repeated after a crash before its answer was kept is one note', async () => {
    const care = await openStore(world);
    const { waId, customerId } = await willing(care);
    const { body } = await world.ask(care.as('ana'), '/v1/calls', { channelId: care.channelId, customer: waId });
    const headers = { 'idempotency-key': key };
    const note = () =>
      world.ask(care.as('ana'), `/v1/tickets/${body.ticketId}/notes`, { text: 'Call back' }, { headers });
    const path = `/v1/channels/${care.channelId}/customers/${waId}/missed-calls/dismiss`;
    const dismiss = () =>
      world.ask(care.as('ana'), path, { reason: 'spam' }, { headers: { 'idempotency-key': `${key}2` } });
    for (const act of [note, dismiss]) {
      expect(await act()).toMatchObject({ status: 200 });
      await idempotencyKeys(world.db).updateMany({}, { $set: { answer: null } });
      expect(await act()).toMatchObject({ status: 200 });
    }
    const notes = (await world.typesIn(`ticket-${body.ticketId}`)).filter((type) => type === 'NoteAdded');
    expect(notes).toHaveLength(1);
    const conversation = await world.typesIn(`conversation-${care.channelId}.${customerId}`);
    expect(conversation.filter((type) => type === 'MissedCallsDismissed')).toHaveLength(1);
  });

  test('a call repeated after a crash anywhere on its way continues, and dials at most once', async () => {
    const care = await openStore(world);
    const { waId } = await willing(care);
    const headers = { 'idempotency-key': key };
    const place = () =>
      world.ask(care.as('ana'), '/v1/calls', { channelId: care.channelId, customer: waId }, { headers });
    const first = await place();
    await idempotencyKeys(world.db).updateMany({}, { $set: { answer: null } });
    const again = await place();
    expect(again).toMatchObject({
      status: 201,
      body: { callId: first.body.callId, ticketId: first.body.ticketId },
    });
    expect(world.meta.askedAbout(waId)).toHaveLength(1);
  });
});
