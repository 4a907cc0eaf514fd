import { expect, test } from 'vitest';
import { metricsOf } from '../metrics.ts';

const setAside = () => ({ unknown_call: 2 });
const told = async (backlogs: Parameters<typeof metricsOf>[0]['backlogs']) =>
  metricsOf({ setAside, backlogs }).metrics();

test('tells Prometheus how far behind the timers are', async () => {
  const text = await told(async () => [
    { lane: 'calls', waiting: 0, secondsBehind: 0 },
    { lane: 'terms', waiting: 9_800, secondsBehind: 86_340 },
  ]);
  expect(text).toContain('ringbook_timers_waiting{lane="terms"} 9800');
  expect(text).toContain('ringbook_timers_behind_seconds{lane="terms"} 86340');
  expect(text).toContain('ringbook_timers_waiting{lane="calls"} 0');
});

test.each([
  ['cannot be asked', () => Promise.reject(new Error('connection refused'))],
  ['do not answer', () => new Promise<never>(() => {})],
])('tells the rest where the stores %s', async (_, backlogs) => {
  const text = await told(backlogs);
  expect(text).toContain('ringbook_deliveries_set_aside{reason="unknown_call"} 2');
  expect(text).not.toContain('ringbook_timers_waiting{');
});
