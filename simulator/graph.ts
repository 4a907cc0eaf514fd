import { randomUUID } from 'node:crypto';
import express, { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { analytics } from './analytics.ts';
import { actOnCall, CallAction } from './graph-calls.ts';
import { GraphError } from './graph-error.ts';
import { Message, sendMessage } from './graph-messages.ts';
import { permissionReport } from './permission.ts';
import { recipientOf, WaId } from './recipient.ts';
import type { RequestLog } from './request-log.ts';
import { changeSettings, SettingsChange } from './settings.ts';
import { createTemplate, NewTemplate, templateList } from './templates.ts';
import type { World } from './world.ts';

type Deps = { world: World; requests: RequestLog; accessToken: string };

/** The Graph endpoints of WhatsApp Calling, with or without a version before the path. */
export function graphRouter({ world, requests, accessToken }: Deps): Router {
  const routes = Router({ mergeParams: true });
  routes.post('/:id/calls', (req, res) => void res.json(actOnCall(world, req.params.id, parsed(CallAction, req.body))));
  routes.post(
    '/:id/messages',
    (req, res) => void res.json(sendMessage(world, req.params.id, parsed(Message, req.body))),
  );
  routes.get('/:id/settings', (req, res) => void res.json({ calling: world.settings(req.params.id) }));
  routes.post('/:id/settings', (req, res) => {
    changeSettings(world, req.params.id, parsed(SettingsChange, req.body));
    res.json({ success: true });
  });
  routes.get('/:id/call_permissions', (req, res) => {
    const { user_wa_id, recipient } = parsed(PermissionQuery, req.query);
    const conversation = world.conversation(req.params.id, recipientOf({ to: user_wa_id, recipient }));
    res.json(permissionReport(conversation, world.clock.now()));
  });
  routes.post(
    '/:id/message_templates',
    (req, res) => void res.json(createTemplate(world, parsed(NewTemplate, req.body))),
  );
  routes.get('/:id/message_templates', (_req, res) => void res.json(templateList(world)));
  routes.get('/:id', (req, res) => {
    res.json(analytics(world.costs, req.params.id, parsed(FieldsQuery, req.query).fields));
  });
  routes.use((req) => {
    throw new GraphError(100, `Unsupported request: ${req.method} ${req.path}.`);
  });

  const router = Router();
  router.use(logTo(requests, world), express.json({ limit: '256kb' }), authorised(accessToken));
  router.use(/^\/v\d+(\.\d+)?/, routes);
  router.use(routes);
  router.use(answerError);
  return router;
}

const FieldsQuery = z.object({ fields: z.string().default('') });
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
    res.on('finish', () => requests.add({ method, path, body: req.body ?? null, status: res.statusCode, at }));
    next();
  };

const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
  const refusal = error instanceof GraphError ? error : new GraphError(error.status < 500 ? 100 : 1, String(error));
  res.status(refusal.status).json(refusal.body(randomUUID()));
};
