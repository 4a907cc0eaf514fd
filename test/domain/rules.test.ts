import { existsSync, readdirSync, readFileSync } from 'node:fs';
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

describe('the codes of refusals', () => {
  const areas = 'permission|channel|agent|call|ticket|callback|conversation|meta|customer';
  const codesIn = (text: string, quote: string) =>
    [...text.matchAll(new RegExp(`${quote}((?:${areas})\\.[a-z_0-9]+)${quote}`, 'g'))].map(([, code]) => code!);
  const sources = ['domain', 'commands'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  /** What is unknown is told as 404; the last is a refusal to the router alone. */
  const isTold = (code: string) => !code.endsWith('.unknown') && code !== 'call.not_offerable';

  test('are those of the rules, all of them', () => {
    const refusals = new Set(sources.flatMap((file) => codesIn(read(file), "'")).filter(isTold));
    const named = new Set(rows.flatMap(({ rule }) => codesIn(rule, '`')));
    expect([...named].toSorted()).toEqual([...refusals].toSorted());
  });
});
