import { Router } from 'express';
import type { Registry } from 'prom-client';

/** Asks whether a part can do its work: resolves when it can, rejects with a message that says what is missing. */
export type Probe = () => Promise<unknown>;

type HealthOptions = {
  /** By the name of the part, e.g. `documents`. */
  readonly probes: Readonly<Record<string, Probe>>;
  readonly metrics: Pick<Registry, 'contentType' | 'metrics'>;
  /** How long a probe may take, in ms. */
  readonly patienceMs?: number;
};

/** `/healthz` (the process lives), `/readyz` (which parts can work; 503 names those that cannot), `/metrics` (Prometheus). */
export const healthRoutes = ({ probes, metrics, patienceMs = 2_000 }: HealthOptions): Router =>
  Router()
    .get('/healthz', (_, res) => void res.json({ status: 'ok' }))
    .get('/readyz', async (_, res) => {
      const asked = Object.entries(probes).map(
        async ([name, probe]) => [name, await outcome(probe, patienceMs)] as const,
      );
      const notReady = Object.fromEntries((await Promise.all(asked)).filter(([, fault]) => fault !== null));
      const isReady = Object.keys(notReady).length === 0;
      res.status(isReady ? 200 : 503).json(isReady ? { status: 'ready' } : { status: 'not_ready', notReady });
    })
    .get('/metrics', async (_, res) => {
      res.type(metrics.contentType).send(await metrics.metrics());
    });

/** `null` when all is well, else what is wrong. */
const outcome = async (probe: Probe, patienceMs: number): Promise<string | null> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, patienceMs, new Error(`no answer within ${patienceMs} ms`));
  });
  try {
    await Promise.race([probe(), timeout]);
    return null;
  } catch (fault) {
    return fault instanceof Error ? fault.message : String(fault);
  } finally {
    clearTimeout(timer);
  }
};
