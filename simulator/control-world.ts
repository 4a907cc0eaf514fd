import { Router } from 'express';
import { z } from 'zod';
import { Duration } from './duration.ts';
import { Faults } from './faults.ts';
import { Limits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import { ChannelId, read } from './problem.ts';
import type { RequestLog } from './request-log.ts';
import { judgeTemplate, TemplateRules, TemplateVerdict, templateList } from './templates.ts';
import type { World } from './world.ts';

export type WorldControl = {
  world: World;
  requests: RequestLog;
  outbox: Outbox;
  advance(ms: number): Promise<void>;
  setFaults(faults: Faults): void;
};

const Advance = z.strictObject({ advance: Duration });
const Revision = z.strictObject({ factor: z.number().min(0).max(100) });
const RequestFilter = z.strictObject({ phoneNumberId: z.string().optional() });
const LimitsOf = Limits.extend({ channelId: ChannelId.optional() });
const Nothing = z.strictObject({});

/** A webhook of any content, or a whole body; `appSecret` signs it with another secret than the one we should know. */
const RawWebhook = z
  .strictObject({
    field: z.string().min(1).optional(),
    value: z.unknown().optional(),
    body: z.unknown().optional(),
    appSecret: z.string().min(1).optional(),
  })
  .refine(({ field, body }) => (field === undefined) !== (body === undefined), 'send field and value, or body');

/** The clock, what goes wrong, and all else that concerns more than one number or customer. */
export function worldRoutes({ world, requests, outbox, advance, setFaults }: WorldControl): Router {
  const router = Router();
  const now = () => ({ now: new Date(world.clock.now()).toISOString() });
  router.get('/clock', (_req, res) => void res.json(now()));
  router.post('/clock', async (req, res) => {
    await advance(read(Advance, req.body).advance);
    res.json(now());
  });
  router.post('/faults', (req, res) => {
    const faults = read(Faults, req.body);
    setFaults(faults);
    res.json(faults);
  });
  router.post('/limits', (req, res) => {
    const { channelId, ...limits } = read(LimitsOf, req.body);
    if (channelId === undefined) world.records.limits = limits;
    else world.channel(channelId).limits = limits;
    res.json(limits);
  });
  router.post('/costs', (req, res) => {
    const revision = read(Revision, req.body);
    world.records.costs.revise(revision.factor);
    res.json(revision);
  });
  router.get('/requests', (req, res) => {
    res.json({ items: requests.list(read(RequestFilter, req.query).phoneNumberId) });
  });
  router.use(webhookRoutes(outbox));
  router.use(templateRoutes(world));
  return router;
}

function webhookRoutes(outbox: Outbox): Router {
  const router = Router();
  router.get('/webhooks', (req, res) => {
    read(Nothing, req.query);
    res.json({ waiting: outbox.waiting().length, givenUp: outbox.givenUp() });
  });
  router.post('/webhooks', async (req, res) => {
    const { field, value, body, appSecret } = read(RawWebhook, req.body);
    const sent = field === undefined ? body : outbox.envelope(field, value);
    res.json({ status: await outbox.postRaw(sent, appSecret) });
  });
  return router;
}

function templateRoutes(world: World): Router {
  const router = Router();
  router.get('/templates', (req, res) => {
    read(Nothing, req.query);
    res.json({ ...world.records.templateRules, items: templateList(world).data });
  });
  router.post('/templates', (req, res) => {
    world.records.templateRules = read(TemplateRules, req.body);
    res.json(world.records.templateRules);
  });
  router.post('/templates/:name/:language', (req, res) => {
    const verdict = read(TemplateVerdict, req.body);
    judgeTemplate(world, req.params.name, req.params.language, verdict);
    res.json(verdict);
  });
  return router;
}
