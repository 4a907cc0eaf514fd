import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ringbook, startRingbook } from '../support/ringbook.ts';

type Parameter = { name: string; in: string; required: boolean; schema: object; $ref?: string };
type Operation = {
  operationId: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  requestBody?: { required: boolean; content: { 'application/json': { schema: object } } };
  responses: Record<string, { description?: string; $ref?: string }>;
};
type Document = { openapi: string; info: object; paths: Record<string, Record<string, Operation>>; components: object };

let ringbook: Ringbook;
let document: Document;
beforeAll(async () => {
  ringbook = await startRingbook();
  document = await (await fetch(`${ringbook.http}/openapi.json`)).json();
});
afterAll(() => ringbook?.stop());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

test('publishes an OpenAPI 3.1 document without a token', () => {
  expect(document.openapi).toMatch(/^3\.1\.\d+$/);
  expect(document.info).toMatchObject({ title: 'Ringbook', version: expect.any(String) });
});

test.each(
  `put /v1/channels/{channelId}
  put /v1/channels/{channelId}/calling
  put /v1/agents/{agentId}
  put /v1/agents/{agentId}/availability
  put /v1/routing
  put /v1/journeys/{journeyId}
  delete /v1/journeys/{journeyId}
  post /v1/calls
  post /v1/calls/{callId}/accept
  post /v1/calls/{callId}/decline
  post /v1/calls/{callId}/end
  post /v1/channels/{channelId}/customers/{customer}/permission-requests
  post /v1/channels/{channelId}/customers/{customer}/call-invites
  post /v1/tickets/{ticketId}/assign
  post /v1/tickets/{ticketId}/resolve
  post /v1/tickets/{ticketId}/reopen
  post /v1/tickets/{ticketId}/notes
  post /v1/channels/{channelId}/customers/{customer}/missed-calls/dismiss
  post /v1/callback-requests/{id}/claim
  post /v1/callback-requests/{id}/release
  get /v1/call-logs
  get /v1/call-logs/counts
  get /v1/call-logs/{callId}
  get /v1/tickets
  get /v1/tickets/{ticketId}
  get /v1/tickets/{ticketId}/activities
  get /v1/missed-calls
  get /v1/callback-requests
  get /v1/channels/{channelId}/customers/{customer}/permission
  get /v1/agents
  get /v1/channels
  get /v1/routing
  get /v1/journeys
  get /v1/projections`
    .split('\n')
    .map((line) => line.trim().split(' ') as [string, string]),
)('describes %s %s', (method, path) => {
  expect(document.paths[path]?.[method]).toMatchObject({ summary: expect.any(String), responses: expect.any(Object) });
});

test('describes only what is there: each operation asks for a token', async () => {
  const statuses = await Promise.all(
    operations().map(async ({ path, method }) => {
      const address = ringbook.http + path.replaceAll(/[{}]/g, '');
      return (await fetch(address, { method: method.toUpperCase() })).status;
    }),
  );
  expect(statuses).toEqual(operations().map(() => 401));
});

test('declares every part of a path as required, and nothing else as part of it', () => {
  for (const { path, operation } of operations()) {
    const declared = operation.parameters.filter((p) => p.in === 'path');
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(declared.map(({ name }) => name).toSorted(), path).toEqual(named.toSorted());
    expect(
      declared.every(({ required }) => required),
      path,
    ).toBe(true);
    expect(path).not.toMatch(/[:*]/);
  }
});

test('names each operation once', () => {
  const names = operations().map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !/^\w+$/.test(name))).toEqual([]);
});

const objectsIn = (value: unknown): Record<string, unknown>[] =>
  typeof value !== 'object' || value === null
    ? []
    : [...(Array.isArray(value) ? [] : [value as Record<string, unknown>]), ...Object.values(value).flatMap(objectsIn)];

test('refers only to what the document holds', () => {
  const refs = objectsIn(document).flatMap(({ $ref }) => ($ref === undefined ? [] : [String($ref)]));
  const held = (ref: string) =>
    ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
  expect(refs.length).toBeGreaterThan(0);
  expect(refs.filter((ref) => !ref.startsWith('#/') || held(ref) === undefined)).toEqual([]);
});

test('describes every answer', () => {
  for (const { path, operation } of operations()) {
    const codes = Object.keys(operation.responses);
    expect(codes.filter((code) => /^2/.test(code)).length, path).toBe(1);
    expect(codes, path).toEqual(expect.arrayContaining(['401', '403', '404', '422', '429']));
    expect(Object.values(operation.responses).every((r) => r.$ref ?? r.description)).toBe(true);
  }
  expect(document.paths['/v1/calls']?.post?.responses).toHaveProperty('201');
  expect(document.paths['/v1/routing']?.put?.responses).toHaveProperty('200');
});

test('says that unknown fields are refused, at every depth of a body', () => {
  const bodies = operations().flatMap(({ operation }) => operation.requestBody ?? []);
  const objects = objectsIn(bodies).filter(({ type, properties }) => type === 'object' && properties);
  expect(objects.length).toBeGreaterThan(bodies.length / 2);
  expect(objects.filter(({ additionalProperties }) => additionalProperties !== false)).toEqual([]);
});

test('gives every parameter a schema that says something', () => {
  const parameters = operations().flatMap(({ operation }) => operation.parameters.filter(({ $ref }) => !$ref));
  expect(parameters.filter(({ schema }) => Object.keys(schema).length === 0)).toEqual([]);
});

test('tells limits, defaults, roles and the security of the schemas that validate', () => {
  const logs = document.paths['/v1/call-logs']!.get!;
  expect(logs.parameters).toContainEqual({
    name: 'limit',
    in: 'query',
    required: false,
    schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  });
  expect(document.paths['/v1/routing']!.put!.description).toBe('For the role admin.');
  expect(document).toMatchObject({
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  });
});

test('serves a page that loads everything from our own origin', async () => {
  const page = await fetch(`${ringbook.http}/docs`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const sources = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!);
  expect(sources).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/start.js']);
  for (const source of sources) {
    const loaded = await fetch(ringbook.http + source);
    expect(loaded.status, source).toBe(200);
    expect(loaded.headers.get('content-type'), source).toMatch(source.endsWith('.css') ? /css/ : /javascript/);
    expect((await loaded.text()).length, source).toBeGreaterThan(50);
  }
});
