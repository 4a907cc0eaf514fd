import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { analytics } from './analytics.ts';
import { actOnCall, CallAction } from './graph-calls.ts';
import { GraphError } from './graph-error.ts';
import { Message, sendMessage } from './graph-messages.ts';
import { postSettings, settingsReport } from './graph-settings.ts';
import { permissionReport } from './permission-report.ts';
import { recipientOf, WaId } from './recipient.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';
import { SettingsChange } from './settings.ts';
import { createTemplate, NewTemplate, templateList } from './templates.ts';
import type { World } from './world.ts';

type Deps = {
  world: World;
  requests: RequestLog;
  accessToken: string;
  /** Lets faults befall a request before it is served. */
  befall: RequestHandler;
  /** A request was served that may have changed the world. */
  changed(): void;
};

/** The Graph endpoints of WhatsApp Calling, with or without a version before the path. */
export function graphRouter({ world, requests, accessToken, befall, changed }: Deps): Router {
  const routes = Router({ mergeParams: true });
  routes.post('/:id/calls', (req, res) => void res.json(actOnCall(world, req.params.id, parsed(CallAction, req.body))));
  routes.post(
    '/:id/messages',
    (req, res) => void res.json(sendMessage(world, req.params.id, parsed(Message, req.body))),
  );
  routes.get('/:id/settings', (req, res) => void res.json(settingsReport(world, req.params.id)));
  routes.post('/:id/settings', (req, res) => {
    postSettings(world, req.params.id, parsed(SettingsChange, req.body));
    res.json({ success: true });
  });
  routes.get('/:id/call_permissions', (req, res) => {
    const { user_wa_id, recipient } = parsed(PermissionQuery, req.query);
    const conversation = world.conversation(req.params.id, recipientOf({ to: user_wa_id, recipient }));
    res.json(permissionReport(world, conversation));
  });
  routes.post(
    '/:id/message_templates',
    (req, res) => void res.json(createTemplate(world, parsed(NewTemplate, req.body))),
  );
  routes.get('/:id/message_templates', (req, res) => {
    res.json(templateList(world, parsed(TemplatesQuery, req.query).name));
  });
  routes.get('/:id', (req, res) => {
    const { fields } = parsed(FieldsQuery, req.query);
    res.json(analytics(world.records.costs.billed, req.params.id, fields, res.locals.olderAnalytics));
  });
  routes.use((req) => {
    throw new GraphError(100, `Unsupported request: ${req.method} ${req.path}.`);
  });

  const router = Router();
  router.use(logTo(requests, world), authorised(accessToken), befall);
  router.post(/.*/, (_req, res, next) => {
    res.on('close', changed);
    next();
  });
  router.use(/^\/v\d+(\.\d+)?/, routes);
  router.use(routes);
  router.use(answerError);
  return router;
}

const FieldsQuery = z.object({ fields: z.string().default('') });
const TemplatesQuery = z.object({ name: z.string().optional() });
const PermissionQuery = z.object({ user_wa_id: WaId.optional(), recipient: z.string().optional() });

/** Reads a request or throws Meta's error 100 naming the first thing wrong. */
function parsed<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new GraphError(100, `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

const authorised =
  (accessToken: string): RequestHandler =>
  (req, _res, next) => {
    if (req.get('authorization') === `Bearer ${accessToken}`) return next();
    throw new GraphError(190, 'Send the access token of the simulator as Authorization: Bearer.');
  };

const logTo =
  (requests: RequestLog, world: World): RequestHandler =>
  (req, res, next) => {
    const { method, originalUrl: path } = req;
    const at = new Date(world.clock.now()).toISOString();
    const logged: LoggedRequest = { method, path, body: null, status: null, at };
    requests.add(logged);
    express.json({ limit: '256kb' })(req, res, (fault) => {
      logged.body = req.body ?? null;
      next(fault);
    });
    res.on('finish', () => {
      logged.status = res.statusCode;
    });
  };

const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  const refusal = error instanceof GraphError ? error : new GraphError(error.status < 500 ? 100 : 1, String(error));
  res.status(refusal.status).json(refusal.body(randomUUID()));
};
