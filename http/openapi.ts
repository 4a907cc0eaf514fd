import { z } from 'zod';
import type { Route } from './route.ts';

type JsonObject = Readonly<Record<string, unknown>>;
/** The shape of an object as JSON Schema tells it. */
type ObjectSchema = { properties?: Readonly<Record<string, JsonObject>>; required?: readonly string[] };

/** The public contract as an OpenAPI 3.1 document, made from the same schemas that validate the requests. */
export const openApiDocument = (routes: readonly Route[]) => ({
  openapi: '3.1.0',
  jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
  info: {
    title: 'Ringbook',
    version: '1',
    description:
      'Commands and reads of the helpdesk. Another store’s data is not found (404), never forbidden. ' +
      'Without a token and not listed here: `/webhooks/whatsapp` (Meta), `/healthz`, `/readyz`, `/metrics`.',
  },
  security: [{ bearer: [] }],
  paths: pathsOf(routes),
  components,
});

const pathsOf = (routes: readonly Route[]) => {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const r of routes) {
    const path = templateOf(r.path);
    paths[path] = { ...paths[path], [r.method]: operationOf(r) };
  }
  return paths;
};

/** `/v1/calls/:callId` as OpenAPI writes it: `/v1/calls/{callId}`. */
const templateOf = (path: string) => path.replaceAll(/[:*](\w+)/g, '{$1}');

const operationOf = (r: Route) => ({
  operationId: `${r.method}${r.path.replaceAll(/\W+(\w?)/g, (_, letter) => letter.toUpperCase())}`,
  tags: [r.path.split('/')[2]],
  summary: r.summary,
  description: `For the role ${r.roles.join(' or ')}.`,
  parameters: [
    ...parametersOf(r.params, 'path'),
    ...parametersOf(r.query, 'query'),
    ...headersOf(r).map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ],
  ...(hasBody(r) && { requestBody: bodyOf(r.body) }),
  responses: responsesOf(r),
});

// what a client may send, before defaults and conversions
const schemaOf = (schema: z.ZodType): JsonObject => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
};

const parametersOf = (schema: z.ZodType, where: 'path' | 'query') => {
  const { properties = {}, required = [] } = schemaOf(schema) as ObjectSchema;
  return Object.entries(properties).map(([name, { description, ...shape }]) => ({
    name,
    in: where,
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema: shape,
  }));
};

const isCommand = ({ method }: Route) => method !== 'get';
const hasBody = ({ method }: Route) => method === 'post' || method === 'put';
const headersOf = (r: Route) => (isCommand(r) ? ['IdempotencyKey', 'RequestId'] : ['RequestId']);

const bodyOf = (body: z.ZodType) => {
  const schema = schemaOf(body);
  const mayBeLeftOut = 'properties' in schema && !('required' in schema);
  return { required: !mayBeLeftOut, content: { 'application/json': { schema } } };
};

const responsesOf = (r: Route) => {
  const faults = ['401', '403', '404', '422', '429', '500', '503', ...(isCommand(r) ? ['400', '409', '413'] : [])];
  return {
    [r.status ?? 200]: { description: r.summary, headers: headersOfAnswer(r) },
    ...Object.fromEntries(faults.map((status) => [status, { $ref: `#/components/responses/${status}` }])),
  };
};

const refs = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const everyAnswer = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'];
const headersOfAnswer = (r: Route) => refs(isCommand(r) ? everyAnswer : [...everyAnswer, 'X-Position', 'ETag']);

const problem = (description: string, headers: readonly string[] = []) => ({
  description,
  headers: refs(['X-Request-Id', ...headers]),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

const header = (description: string) => ({ description, schema: { type: 'string' } });
const text = { type: 'string' };

const components = {
  securitySchemes: {
    bearer: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'Claims `sub`, `store`, `role` and, if any, `teams`. A local one: `npm run cli -- token`.',
    },
  },
  parameters: {
    RequestId: {
      ...{ name: 'X-Request-Id', in: 'header', required: false },
      description: 'Names this request in answers and logs; made if absent.',
      schema: { type: 'string', pattern: '^[\\w.:-]{1,128}$' },
    },
    IdempotencyKey: {
      ...{ name: 'Idempotency-Key', in: 'header', required: false },
      description: 'The same key and body again answer the same and do nothing; another body is refused (422).',
      schema: { type: 'string', minLength: 1, maxLength: 255 },
    },
  },
  headers: {
    'X-Request-Id': header('The id of this request.'),
    'X-Position': header('The log position the answer reflects.'),
    ETag: header('Send it as `If-None-Match`: 304 when nothing has changed.'),
    'Retry-After': header('Seconds to wait.'),
    RateLimit: header('What is left for this token, and until when.'),
    'RateLimit-Policy': header('Requests per time and token.'),
    'WWW-Authenticate': header('How to identify.'),
  },
  schemas: {
    Problem: {
      type: 'object',
      description: 'RFC 9457 problem details; further members are facts, such as `nextAllowedAt`.',
      properties: { type: text, title: text, status: { type: 'integer' }, detail: text, code: text },
      required: ['type', 'title', 'status', 'detail', 'code'],
    },
  },
  responses: {
    400: problem('The body is not JSON.'),
    401: problem('No token, or not a valid one.', ['WWW-Authenticate']),
    403: problem('The token’s role may not do this.'),
    404: problem('There is no such thing in this store.'),
    409: problem('A rule says no; `code` names it and `nextAllowedAt` when it will not, where waiting helps.'),
    413: problem('The body is too large.'),
    422: problem('A field or parameter is unknown or wrong; `errors` names each.'),
    429: problem('Too many requests with this token.', ['Retry-After', ...everyAnswer.slice(1)]),
    500: problem('A fault on our side, logged with the request id.'),
    503: problem('`storage.unavailable`, or `read.behind`: the read model is not yet at `minPosition`.', [
      'Retry-After',
    ]),
  },
};
