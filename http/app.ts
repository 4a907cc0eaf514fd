import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { isRefusal } from '../domain/decider.ts';
import type { Caller, Verify } from './caller.ts';
import { parsePart } from './invalid.ts';
import { notFound, Problem, refusalProblem } from './problem.ts';
import type { Answer, Route } from './route.ts';

export type AppOptions = {
  readonly routes: readonly Route[];
  readonly verify: Verify;
  readonly logger: Logger;
  /** Whether a fault is only that a store cannot be reached for a while. */
  readonly isOutage: (fault: unknown) => boolean;
  /** Requests per minute and token. */
  readonly ratePerMinute: number;
  /** Bytes of a JSON body. */
  readonly maxBody: number;
  /** Handlers with their own ways (webhooks, pages, health), mounted before the routes. */
  readonly before?: readonly RequestHandler[];
};

/** The HTTP conventions of every route: request ids, tokens, roles, limits, validation, problem+json. */
export const httpApp = (options: AppOptions): Express => {
  const { routes, verify, logger, isOutage, ratePerMinute, maxBody, before = [] } = options;
  const app = express().disable('x-powered-by').set('query parser', 'simple');
  app.use(withRequestId, helmet({ contentSecurityPolicy: false }), ...before);
  const guard = [authenticate(verify), limitRate(ratePerMinute), jsonBody(maxBody)];
  for (const r of routes) app[r.method](r.path, ...guard, handler(r));
  for (const [path, ways] of methodsOf(routes)) app.all(path, refuseMethod(ways));
  app.use(() => {
    throw notFound('address');
  });
  app.use(answerProblem(logger, isOutage));
  return app;
};

/** What may be done at each address: `GET, HEAD`. */
const methodsOf = (routes: readonly Route[]) => {
  const ways = new Map<string, string>();
  for (const { path, method } of routes) {
    const way = method === 'get' ? 'GET, HEAD' : method.toUpperCase();
    ways.set(path, [ways.get(path), way].filter(Boolean).join(', '));
  }
  return ways;
};

const refuseMethod =
  (ways: string): RequestHandler =>
  ({ method }) => {
    const headers = { Allow: ways };
    throw new Problem(405, 'request.method', `${method} is not for this address; it takes ${ways}.`, { headers });
  };

const withRequestId: RequestHandler = (req, res, next) => {
  const given = req.get('x-request-id');
  res.locals.requestId = given && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
  res.set('X-Request-Id', res.locals.requestId);
  next();
};

const authenticate =
  (verify: Verify): RequestHandler =>
  async (req, res, next) => {
    const [scheme, token] = (req.get('authorization') ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token)
      throw new Problem(401, 'auth.token_missing', 'Send the header "Authorization: Bearer <token>".', {
        headers: { 'WWW-Authenticate': 'Bearer' },
      });
    res.locals.caller = await verify(token);
    next();
  };

const limitRate = (perMinute: number) =>
  rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (_, res) => `${res.locals.caller.store}/${res.locals.caller.sub}`,
    handler: () => {
      throw new Problem(429, 'request.rate_limited', 'Too many requests with this token; see the RateLimit headers.');
    },
  });

const jsonBody = (limit: number) => express.json({ limit, type: () => true });

const authorise = (caller: Caller, { roles }: Route) => {
  if (!roles.includes(caller.role))
    throw new Problem(403, 'auth.role', `This needs the role ${roles.join(' or ')}; yours is ${caller.role}.`);
};

const handler =
  (r: Route): RequestHandler =>
  async (req, res) => {
    const { caller, requestId } = res.locals as { caller: Caller; requestId: string };
    authorise(caller, r);
    const aborted = new AbortController();
    res.once('close', () => aborted.abort());
    const answer = await r.handle({
      caller,
      requestId,
      signal: aborted.signal,
      header: (name) => req.get(name),
      params: (await parsePart(r.params, { ...req.params }, 'path')) as never,
      query: (await parsePart(r.query, { ...req.query }, 'query')) as never,
      body: (await parsePart(r.body, req.body ?? {}, 'body')) as never,
    });
    if (isRefusal(answer)) throw refusalProblem(answer);
    await send(res, answer);
  };

const send = async (res: express.Response, { status = 200, headers = {}, body }: Answer) => {
  res.status(status).set(headers);
  if (body instanceof Readable) await pipeline(body, res);
  else res.json(body);
};

const storageAway = () =>
  new Problem(503, 'storage.unavailable', 'Our storage is out of reach; ask again, with the same Idempotency-Key.', {
    headers: { 'Retry-After': '5' },
  });

/** Faults of Express itself (a broken body, too large a body) carry a status and a type. */
const asProblem = (error: unknown, isOutage: AppOptions['isOutage']): Problem => {
  if (error instanceof Problem) return error;
  if (isOutage(error)) return storageAway();
  const { status, type } = error as { status?: number; type?: string };
  if (status === 413) return new Problem(413, 'request.too_large', 'The body is larger than this server accepts.');
  if (type === 'entity.parse.failed') return new Problem(400, 'request.malformed', 'The body is not valid JSON.');
  if (status && status >= 400 && status < 500)
    return new Problem(status, 'request.unreadable', 'The request cannot be read.');
  return new Problem(500, 'internal', 'Something went wrong on our side; it has been logged with this request id.');
};

const answerProblem =
  (logger: Logger, isOutage: AppOptions['isOutage']): ErrorRequestHandler =>
  (error, req, res, next) => {
    const problem = asProblem(error, isOutage);
    const { requestId } = res.locals;
    if (problem.status >= 500)
      logger.error({ requestId, method: req.method, path: req.route?.path, err: error }, 'request failed');
    if (res.headersSent) return next(error);
    res.status(problem.status).set(problem.headers).type('application/problem+json').send(JSON.stringify(problem));
  };
