import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** What the process counts, for Prometheus: its own health, and deliveries of Meta that changed nothing. */
export const metricsOf = (setAsideCounts: () => Readonly<Record<string, number>>): Registry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'ringbook_deliveries_set_aside',
    help: 'Pieces of WhatsApp deliveries that were acknowledged and kept aside, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      for (const [reason, count] of Object.entries(setAsideCounts())) this.set({ reason }, count);
    },
  });
  return registry;
};
