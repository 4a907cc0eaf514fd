import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Who may import whom, beside itself. Whatever is not named here may be imported by the entry points alone. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  store: ['domain'],
  http: ['domain'],
  projections: ['domain', 'store'],
  commands: ['domain', 'store', 'http'],
  'read-api': ['domain', 'store', 'projections', 'http'],
  realtime: ['domain', 'store', 'projections', 'http'],
  'engines/documents': [],
  'engines/eventstore': [],
  console: ['domain'],
  simulator: [],
};

type Import = { readonly file: string; readonly of: string; readonly isType: boolean };

const filesIn = (folder: string): readonly string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.tsx?$/.test(name))
        .map((name) => join(folder, name))
    : [];

const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8');
const code = (file: string) => sourceOf(file).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

const anyImport =
  /(?:^|\n)\s*(?:import|export)\s(type\s)?[^;'"]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|import\s'([^']+)'/g;
const importsOf = (file: string): readonly Import[] =>
  [...sourceOf(file).matchAll(anyImport)].map(([, type, named, dynamic, bare]) => ({
    file,
    of: named ?? dynamic ?? bare ?? '',
    isType: type !== undefined,
  }));
const isOurs = ({ of }: Import) => of.startsWith('.');
const target = ({ file, of }: Import) => relative(root, join(root, dirname(file), of));
const isInside = (folder: string, path: string) => path.startsWith(`${folder}/`);
const told = (strays: readonly Import[]) => strays.map(({ file, of }) => `${file} imports ${of}`);

test.each(Object.keys(mayImport))('%s imports only what it may', (folder) => {
  const allowed = [folder, ...mayImport[folder]!];
  const strays = filesIn(folder)
    .flatMap(importsOf)
    .filter((i) => isOurs(i) && !allowed.some((a) => isInside(a, target(i))));
  expect(told(strays)).toEqual([]);
});

test('every folder of the system has a rule', () => {
  const free = ['engines', 'test', 'bench', 'cli', 'docs', 'node_modules', 'data', 'coverage'];
  const folders = readdirSync(root, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.'),
  );
  expect(folders.map(({ name }) => name).filter((name) => !free.includes(name) && !(name in mayImport))).toEqual([]);
  expect(filesIn('engines').filter((file) => !/^engines\/(documents|eventstore)\//.test(file))).toEqual([]);
});

test('the console knows the domain by its types only', () => {
  const values = filesIn('console')
    .flatMap(importsOf)
    .filter((i) => isInside('domain', target(i)));
  expect(told(values.filter((i) => !i.isType && !onlyTypes(i)))).toEqual([]);
});

/** `import { type A, type B } from …` is as harmless as `import type`. */
const onlyTypes = ({ file, of }: Import) => {
  const names =
    new RegExp(`import \\{([^}]*)\\} from '${of.replaceAll('.', '\\.')}'`).exec(sourceOf(file))?.[1] ?? 'value';
  return names.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '));
};

test('the domain stands on zod, and its hours on a calendar', () => {
  const foreign = filesIn('domain')
    .flatMap(importsOf)
    .filter((i) => !isOurs(i) && i.of !== 'zod');
  expect(told(foreign)).toEqual(['domain/hours.ts imports temporal-polyfill']);
});

test('the domain touches no clock, no randomness and no environment', () => {
  const ambient = /Date\.now|new Date|Temporal\.Now|Math\.random|randomUUID|process\.|globalThis|setTimeout|fetch\(/;
  expect(filesIn('domain').filter((file) => ambient.test(code(file)))).toEqual([]);
});

test('the domain trusts its types: no any, and casts only where the language cannot follow', () => {
  const cast = /\bas (?!const\b)\w+|: any\b|<any>|@ts-/;
  // one handler of a table for the event at hand, the shape of any event, a stored event of an older version
  const needed = ['domain/decider.ts', 'domain/index.ts', 'domain/personal.ts', 'domain/upcasts.ts'];
  const withoutRenames = (file: string) => code(file).replaceAll(/import [^;]*;|export (?:type )?\{[^;]*;/g, '');
  expect(
    filesIn('domain')
      .filter((file) => cast.test(withoutRenames(file)))
      .toSorted(),
  ).toEqual(needed);
});

test('no source file names a path outside the repository', () => {
  const everywhere = [...Object.keys(mayImport), 'cli', 'bench', 'test'].flatMap(filesIn);
  expect(everywhere.filter((file) => importsOf(file).some((i) => isOurs(i) && target(i).startsWith('..')))).toEqual([]);
});
