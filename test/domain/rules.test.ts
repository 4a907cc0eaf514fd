import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const rows = read('docs/rules.md')
  .split('\n')
  .filter((line) => /^\| (?!rule |---)/.test(line) && !line.startsWith('|---'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, rule = '', decidedIn = '', provenBy = '']) => ({ rule, decidedIn, provenBy }));

const filesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, file]) => file!);

/** The titles named beside each test file of a cell. */
const proofsIn = (cell: string) =>
  cell.split(';').flatMap((part) =>
    [...part.matchAll(/“([^”]+)”/g)].map(([, title]) => ({
      file: filesIn(part)[0] ?? 'no file named',
      title: title!,
    })),
  );

describe('the list of rules', () => {
  test('has not lost any', () => {
    expect(rows.length).toBeGreaterThanOrEqual(45);
  });

  test.each(rows)('names where it is decided and what proves it: $rule', ({ decidedIn, provenBy }) => {
    expect(filesIn(decidedIn).length).toBeGreaterThan(0);
    expect(filesIn(decidedIn).filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(proofsIn(provenBy).length).toBeGreaterThan(0);
    expect(proofsIn(provenBy).filter(({ file, title }) => !read(file).includes(`'${title}'`))).toEqual([]);
  });
});
