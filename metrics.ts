import { setTimeout } from 'node:timers/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

type Backlog = { readonly lane: string; readonly waiting: number; readonly secondsBehind: number };

/** What is counted elsewhere and asked for whenever Prometheus asks. */
type Sources = {
  /** Deliveries of Meta that changed nothing, by reason. */
  readonly setAside: () => Readonly<Record<string, number>>;
  /** The timers that are due and have not fired. */
  readonly backlogs: () => Promise<readonly Backlog[]>;
};

/** How long figures that others know are waited for, in ms; without them the rest is told all the same. */
const patience = 1_000;

/** The gauges of this process for Prometheus: its own health, and how far behind its work is. */
export const metricsOf = ({ setAside, backlogs }: Sources): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'ringbook_deliveries_set_aside',
    help: 'Pieces of WhatsApp deliveries that were acknowledged and kept aside, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      for (const [reason, count] of Object.entries(setAside())) this.set({ reason }, count);
    },
  });

  let asked: Promise<readonly Backlog[]> | null = null;
  /** Both gauges of one question of Prometheus tell of the same count. */
  const backlogsOnce = () => {
    asked ??= backlogs()
      .catch(() => [])
      .finally(() => {
        asked = null;
      });
    return asked;
  };

  const ofLanes = (name: string, help: string, figure: (backlog: Backlog) => number) =>
    new Gauge({
      ...{ name, help, labelNames: ['lane'], registers: [registry] },
      async collect() {
        const known = await Promise.race([backlogsOnce(), setTimeout(patience, [], { ref: false })]);
        this.reset();
        for (const backlog of known) this.set({ lane: backlog.lane }, figure(backlog));
      },
    });
  ofLanes('ringbook_timers_waiting', 'Timers that are due and have not fired.', ({ waiting }) => waiting);
  ofLanes('ringbook_timers_behind_seconds', 'How late the next timer is.', ({ secondsBehind }) => secondsBehind);
  return registry;
};
