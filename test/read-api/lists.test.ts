import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at, happened } from '../projections/events.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let head: bigint;
const names = ['Mia', '=HYPERLINK("http://evil")', '+1', '-2', '@x', '\tTab', 'Plain, "quoted"'];
const calls = names.map((customerName, i) =>
  happened.received(i, { callId: `c${i}`, customerName, customerId: `cus_${i}` }),
);

beforeAll(async () => {
  world = await startWorld();
  await world.append([happened.received(0, { callId: 'theirs' })], 'other');
  head = await world.append(calls);
  expect((await world.askAt(head, '/v1/call-logs')).status).toBe(200);
});
afterAll(() => world?.stop());

const idsOf = (items: readonly { callId: string }[]) => items.map(({ callId }) => callId);

describe('a list', () => {
  test('answers with items, cursor and the position it reflects', async () => {
    const { status, headers, body } = await world.ask('/v1/call-logs');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['items', 'nextCursor', 'position']);
    expect(idsOf(body.items)).toEqual(['c6', 'c5', 'c4', 'c3', 'c2', 'c1', 'c0']);
    expect(body.nextCursor).toBeNull();
    expect(BigInt(body.position)).toBeGreaterThanOrEqual(head);
    expect(headers.get('x-position')).toBe(body.position);
    expect(headers.get('x-request-id')).toBeTruthy();
  });

  test('goes on where the last page ended while rows arrive', async () => {
    const first = await world.ask('/v1/call-logs?limit=3');
    expect(idsOf(first.body.items)).toEqual(['c6', 'c5', 'c4']);
    const arrived = await world.append([happened.received(90, { callId: 'new' })]);
    const second = await world.askAt(arrived, `/v1/call-logs?limit=3&cursor=${first.body.nextCursor}`);
    expect(idsOf(second.body.items)).toEqual(['c3', 'c2', 'c1']);
    const third = await world.ask(`/v1/call-logs?limit=3&cursor=${second.body.nextCursor}`);
    expect(idsOf(third.body.items)).toEqual(['c0']);
    expect(third.body.nextCursor).toBeNull();
  });

  test.each([
    [0, 422],
    [1, 200],
    [200, 200],
    [201, 422],
  ])('takes a limit of %i: %i', async (limit, status) => {
    expect((await world.ask(`/v1/call-logs?limit=${limit}`)).status).toBe(status);
  });

  test.each([
    'nonsense',
    'e30',
    Buffer.from('{"path":"doc.talkSeconds","direction":-1,"value":1,"id":"x"}').toString('base64url'),
  ])('refuses the cursor %s', async (cursor) => {
    const { status, body } = await world.ask(`/v1/call-logs?cursor=${cursor}`);
    expect([status, body.code]).toEqual([422, 'request.invalid']);
  });

  test.each([
    ['chanel=ch1', 'channel'],
    ['Limit=5', 'limit'],
    ['minPositon=5', 'minPosition'],
  ])('names an unknown parameter and the nearest one: %s', async (query, nearest) => {
    const { status, body } = await world.ask(`/v1/call-logs?${query}`);
    expect(status).toBe(422);
    expect(body.detail).toContain(`unknown "${query.split('=')[0]}", did you mean "${nearest}"?`);
  });

  test('refuses asOf, which is not built yet', async () => {
    expect((await world.ask('/v1/call-logs?asOf=2026-01-01T00:00:00Z')).body.detail).toContain('unknown "asOf"');
  });

  test('shows another store nothing', async () => {
    const { body } = await world.ask('/v1/call-logs', { store: 'third' });
    expect(body.items).toEqual([]);
    expect(idsOf((await world.ask('/v1/call-logs', { store: 'other' })).body.items)).toEqual(['theirs']);
  });

  test.each(['agent', 'team_manager', 'admin', 'auditor', 'analyst'] as const)(
    'is readable by the role %s',
    async (role) => {
      expect((await world.ask('/v1/call-logs?limit=1', { role })).status).toBe(200);
    },
  );
});

describe('reading what one has just written', () => {
  test('waits until the read model is there', async () => {
    const position = await world.append([happened.received(100, { callId: 'mine' })]);
    const { status, body } = await world.ask(`/v1/call-logs/mine?minPosition=${position}`);
    expect([status, body.callId]).toEqual([200, 'mine']);
  });

  test('is told to come back after two seconds', async () => {
    const began = performance.now();
    const { status, headers, body } = await world.ask('/v1/call-logs?minPosition=999999999999');
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'read.behind', '1']);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_900);
  });

  test.each(['-1', 'x', '1.5', ''])('refuses the position "%s"', async (position) => {
    expect((await world.ask(`/v1/call-logs?minPosition=${position}`)).status).toBe(422);
  });
});

describe('a list that did not change', () => {
  test('is answered with 304, and with 200 once it did', async () => {
    const first = await world.ask('/v1/call-logs?limit=2');
    const ifNoneMatch = { headers: { 'if-none-match': first.headers.get('etag')! } };
    const second = await world.ask('/v1/call-logs?limit=2', ifNoneMatch);
    expect([second.status, second.text]).toEqual([304, '']);
    expect(second.headers.get('x-position')).toBeTruthy();
    const position = await world.append([happened.received(200, { callId: 'newer' })]);
    expect((await world.askAt(position, '/v1/call-logs?limit=2', ifNoneMatch)).status).toBe(200);
  });
});

describe('an export', () => {
  const csv = { headers: { accept: 'text/csv' } };

  test('is CSV with one row per call, and no cell that a spreadsheet would run', async () => {
    const { headers, text } = await world.ask(`/v1/call-logs?sort=startedAt&to=${new Date(at(7)).toISOString()}`, csv);
    expect(headers.get('content-type')).toContain('text/csv');
    const [heading, ...lines] = text.trimEnd().split('\r\n');
    expect(heading).toMatch(/^callId,metaCallId,direction,status,/);
    expect(lines).toHaveLength(7);
    expect(lines[0]).toContain(',4915112345,Mia,');
    expect(lines[1]).toContain(`,"'=HYPERLINK(""http://evil"")",`);
    expect(lines.slice(2, 6).map((line) => line.split(',')[10])).toEqual(["'+1", "'-2", "'@x", "'\tTab"]);
    expect(lines[6]).toContain(',"Plain, ""quoted""",');
  });

  test('is the whole list whatever its length, in constant memory', async () => {
    const many = Array.from({ length: 450 }, (_, i) =>
      happened.received(i, { callId: `many${i}`, channelId: 'ch_many' }),
    );
    const position = await world.append(many);
    const { text } = await world.askAt(position, '/v1/call-logs?channel=ch_many', {
      headers: { accept: 'application/x-ndjson' },
    });
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(450);
    expect(rows[0]).toMatchObject({
      callId: 'many449',
      customer: { name: 'Mia' },
      startedAt: new Date(at(449)).toISOString(),
    });
    expect(rows[0]).not.toHaveProperty('detail');
  });

  test('holds what the filters let through, of this store', async () => {
    const { text } = await world.ask('/v1/call-logs?customer=cus_0', csv);
    expect(text.trimEnd().split('\r\n')).toHaveLength(2);
    const { text: nothing } = await world.ask('/v1/call-logs', { ...csv, store: 'third' });
    expect(nothing.trimEnd().split('\r\n')).toHaveLength(1);
  });

  test.each(['/v1/tickets', '/v1/missed-calls', '/v1/callback-requests', '/v1/agents', '/v1/channels'])(
    'is there for %s too',
    async (path) => {
      expect((await world.ask(path, csv)).headers.get('content-type')).toContain('text/csv');
    },
  );
});
