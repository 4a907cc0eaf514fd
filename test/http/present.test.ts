import { expect, test } from 'vitest';
import { present, presentRow } from '../../http/present.ts';

test.each<[string, unknown, unknown]>([
  [
    'an instant by its name',
    { at: 0, startedAt: 1_000, until: 2_000, expiresUntil: 0, since: 3_000 },
    {
      at: '1970-01-01T00:00:00.000Z',
      startedAt: '1970-01-01T00:00:01.000Z',
      until: '1970-01-01T00:00:02.000Z',
      expiresUntil: '1970-01-01T00:00:00.000Z',
      since: '1970-01-01T00:00:03.000Z',
    },
  ],
  ['no instant', { endedAt: null, at: '9', that: 5, late: 1 }, { endedAt: null, at: '9', that: 5, late: 1 }],
  ['a position', { position: 12_345_678_901_234_567_890n }, { position: '12345678901234567890' }],
  ['what is inside', { calls: [{ at: 0 }, 'x', 3n] }, { calls: [{ at: '1970-01-01T00:00:00.000Z' }, 'x', '3'] }],
  ['nothing undefined, and no detail', { a: undefined, detail: { secret: 1 }, b: { detail: 2 } }, { b: {} }],
  ['a null', null, null],
])('presents %s', (_, value, expected) => {
  expect(present(value)).toEqual(expected);
});

test('a row carries the position of its last event', () => {
  const stored = { _id: 'k', store: 's', at: 7n, doc: { endedAt: 0, detail: {} } };
  expect(presentRow(stored)).toEqual({
    endedAt: '1970-01-01T00:00:00.000Z',
    position: '7',
  });
});
