import express, { Router } from 'express';
import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import type { Customers, With } from './customers.ts';
import { Faults } from './faults.ts';
import { answerProblem, Problem, read } from './problem.ts';
import { WaId } from './recipient.ts';
import type { RequestLog } from './request-log.ts';
import type { Clock } from './timers.ts';

type Deps = {
  clock: Clock;
  customers: Customers;
  requests: RequestLog;
  advance(ms: number): Promise<void>;
  setFaults(faults: Faults): void;
  /** Multiplies what Meta says everything cost. */
  reviseCosts(factor: number): void;
};

/**
 * What a test or a person tells the simulator, as JSON; a refusal is RFC 9457 problem details, an unknown field 422.
 * Customers act under `/customers/{waId}`, each time with the `channelId` (phone number id) they deal with; beside
 * them the clock, the faults, the costs and what was asked of Meta.
 */
export function controlRouter(deps: Deps): Router {
  const router = Router();
  router.use(express.json({ limit: '64kb' }));
  router.use('/customers/:waId', customerRoutes(deps.customers));
  router.use(worldRoutes(deps));
  router.use((req) => {
    throw new Problem(404, 'route.unknown', `The simulator has no ${req.method} ${req.originalUrl}.`);
  });
  router.use(answerProblem);
  return router;
}

const Act = z.strictObject({ channelId: z.string().regex(/^\d+$/, 'digits of a phone number id') });
const AnswerAct = Act.extend({ hangUpAfter: z.number().min(0).max(86_400).optional() });
const CallAct = AnswerAct.extend({
  name: z.string().min(1).max(200).optional(),
  ctaPayload: z.string().max(512).optional(),
  deeplinkPayload: z.string().max(512).optional(),
});
const FailAct = Act.extend({ code: z.int().min(138_019).max(138_023).default(138_021) });
const MessageAct = Act.extend({ text: z.string().min(1).max(4_096) });
const PermissionAct = Act.extend({
  response: z.enum(['accept', 'reject']),
  permanent: z.boolean().optional(),
  source: z.enum(['request', 'profile', 'callback']),
});
const ReachableAct = Act.extend({ reachable: z.boolean() });
type ActShape = z.ZodObject & z.ZodType<{ channelId: string }>;

function customerRoutes(customers: Customers): Router {
  const router = Router({ mergeParams: true });

  const on = <S extends ActShape>(path: string, schema: S, act: (who: With, given: z.infer<S>) => unknown) =>
    router.post(path, (req: express.Request<{ waId?: string }>, res) => {
      const { waId } = read(Target, { waId: req.params.waId });
      const given = read(schema, req.body);
      const made = act({ waId, channelId: given.channelId }, given);
      res.status(made === undefined ? 200 : 201).json(made ?? {});
    });

  on('/call', CallAct, (who, options) => ({ metaCallId: customers.call(who, options) }));
  on('/answer', AnswerAct, customers.answer);
  on('/decline', Act, customers.decline);
  on('/hang-up', Act, customers.hangUp);
  on('/fail', FailAct, (who, { code }) => customers.fail(who, { code, message: 'The call failed' }));
  on('/message', MessageAct, (who, { text }) => ({ messageId: customers.write(who, text) }));
  on('/permission', PermissionAct, customers.permit);
  on('/reachable', ReachableAct, (who, { reachable }) => customers.setReachable(who, reachable));
  return router;
}

const Target = z.strictObject({ waId: WaId });

const Advance = z.strictObject({ advance: z.string().transform(milliseconds) });

const Revision = z.strictObject({ factor: z.number().min(0).max(100) });

const RequestFilter = z.strictObject({ phoneNumberId: z.string().optional() });

function worldRoutes({ clock, requests, advance, setFaults, reviseCosts }: Deps): Router {
  const router = Router();
  const now = () => ({ now: new Date(clock.now()).toISOString() });
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
  router.post('/costs', (req, res) => {
    const revision = read(Revision, req.body);
    reviseCosts(revision.factor);
    res.json(revision);
  });
  router.get('/requests', (req, res) => {
    res.json({ items: requests.list(read(RequestFilter, req.query).phoneNumberId) });
  });
  return router;
}

/** An ISO-8601 duration (PT24H, P7D, PT0.5S) in milliseconds. */
function milliseconds(duration: string, context: z.core.$RefinementCtx): number {
  try {
    const ms = Temporal.Duration.from(duration).total('milliseconds');
    if (ms >= 0) return ms;
  } catch {
    // Not a duration, or months and years, whose length nobody knows.
  }
  context.addIssue('an ISO-8601 duration of time or days that goes forward, such as PT24H or P7D');
  return z.NEVER;
}
