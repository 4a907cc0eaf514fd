import type { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { csvCell, exportOf } from '../../read-api/export.ts';

describe('a CSV cell', () => {
  test.each<[unknown, string]>([
    ['plain', 'plain'],
    ['', ''],
    [null, ''],
    [undefined, ''],
    [0, '0'],
    [-5, '-5'],
    [true, 'true'],
    [['a', 'b'], 'a b'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['a=1', 'a=1'],
    ['=1,2', `"'=1,2"`],
    [['=x', 'y'], "'=x y"],
  ])('of %j is %j', (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});

describe('the form of an export', () => {
  test.each([
    ['text/csv', 'text/csv; charset=utf-8'],
    ['application/x-ndjson', 'application/x-ndjson'],
    ['text/csv, */*;q=0.1', 'text/csv; charset=utf-8'],
  ])('that the client accepts as %s is %s', (accept, type) => {
    expect(exportOf(accept, { id: 'id' })?.(none(), 7n).headers).toMatchObject({
      'Content-Type': type,
      'X-Position': '7',
    });
  });

  test.each(['application/json', '*/*', undefined])('is a page of JSON for %s', (accept) => {
    expect(exportOf(accept, { id: 'id' })).toBeNull();
  });
});

test('an export reads no further than it is taken', async () => {
  let read = 0;
  let isOpen = true;
  async function* endless() {
    try {
      for (; ; read++) yield { id: 'x'.repeat(1_000) };
    } finally {
      isOpen = false;
    }
  }
  const body = exportOf('text/csv', { id: 'id' })?.(endless(), 0n).body as Readable;
  for await (const _ of body) break; // the client goes away after the first chunk
  await expect.poll(() => isOpen).toBe(false);
  expect(read).toBeLessThan(200);
});

async function* none(): AsyncGenerator<Record<string, unknown>> {}
