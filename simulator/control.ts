import express, { Router } from 'express';
import { channelRoutes } from './control-channels.ts';
import { customerRoutes } from './control-customers.ts';
import { type WorldControl, worldRoutes } from './control-world.ts';
import type { Customers } from './customers.ts';
import { answerProblem, Problem } from './problem.ts';

type Deps = WorldControl & {
  customers: Customers;
  /** Something was told that may have changed the world. */
  changed(): void;
};

/**
 * What a test or a person tells the simulator, as JSON; a refusal is RFC 9457 problem details, an unknown field 422.
 * Customers act under `/customers/{waId}`, Meta deals with a number under `/channels/{channelId}`; beside them the
 * clock, the faults, the limits, the templates, the costs and what was asked of Meta.
 */
export function controlRouter({ customers, changed, ...deps }: Deps): Router {
  const router = Router();
  router.use(express.json({ limit: '256kb' }));
  router.post(/.*/, (_req, res, next) => {
    res.on('finish', changed);
    next();
  });
  router.use('/customers/:waId', customerRoutes(customers));
  router.use('/channels/:channelId', channelRoutes(deps.world));
  router.use(worldRoutes(deps));
  router.use((req) => {
    throw new Problem(404, 'route.unknown', `The simulator has no ${req.method} ${req.originalUrl}.`);
  });
  router.use(answerProblem);
  return router;
}
