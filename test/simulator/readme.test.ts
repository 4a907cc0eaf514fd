import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Faults } from '../../simulator/faults.ts';
import { GraphFaults } from '../../simulator/graph-faults.ts';
import { Limits } from '../../simulator/limits.ts';
import { quirkNames } from '../../simulator/quirks.ts';
import { NewRestriction, NewViolation } from '../../simulator/restrictions.ts';
import { running } from './running.ts';

const readme = readFileSync(new URL('../../simulator/README.md', import.meta.url), 'utf8');

test.each([
  ['quirk', quirkNames],
  ['fault of webhooks', Object.keys(Faults.shape)],
  ['fault of Graph', Object.keys(GraphFaults.shape)],
  ['restriction', NewRestriction.shape.type.options],
  ['violation', NewViolation.shape.type.options],
])('names every %s in its README', (_kind, names) => {
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

test('names every limit in its README as it is', () => {
  const limits = Object.entries(Limits.parse({}));

  expect(limits.filter(([name, value]) => !readme.includes(`\`${name}\` ${value}`))).toEqual([]);
});

test('takes the example of its README', async () => {
  const { send } = await running();
  const [, path, body] = /localhost:8082(\S+)[\s\S]*?-d '([^']+)'/.exec(readme)!;

  expect((await send('POST', path!, body)).code).toBe(200);
});

test('serves every request its README names', async () => {
  const { send } = await running();
  const control = readme.slice(readme.indexOf('## What customers do'));
  const paths = [...control.matchAll(/`(POST|GET|GET`, `POST) (\/[^`?]+)/g)].map(([, method, path]) => ({
    method: method!.includes('POST') ? 'POST' : 'GET',
    path: path!.replace('{waId}', '910000000042').replace(/\{\w+\}/g, '800000000000001'),
  }));

  expect(paths.length).toBeGreaterThan(10);
  for (const { method, path } of paths) {
    const { body } = await send(method, `/simulator${path}`, method === 'POST' ? { none: 1 } : undefined);
    expect([path, body.code]).not.toEqual([path, 'route.unknown']);
  }
});
