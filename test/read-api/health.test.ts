import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Counter, Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { healthRoutes, type Probe } from '../../read-api/health.ts';

let server: Server;
afterEach(() => server?.close());

const ask = async (path: string, probes: Record<string, Probe> = {}) => {
  const metrics = new Registry();
  new Counter({ name: 'calls_total', help: 'calls', registers: [metrics] }).inc(3);
  server = express()
    .use(healthRoutes({ probes, metrics, patienceMs: 100 }))
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    headers: { connection: 'close' },
  });
  return { status: response.status, text: await response.text() };
};

const well: Probe = async () => {};
const broken: Probe = async () => {
  throw new Error('connection refused');
};
const silent: Probe = () => new Promise(() => {});

test('lives even when a part it needs does not', async () => {
  expect((await ask('/healthz', { documents: broken })).status).toBe(200);
});

test('is ready when every part is', async () => {
  expect(await ask('/readyz', { documents: well, log: well })).toEqual({ status: 200, text: '{"status":"ready"}' });
});

test('names what is not ready, and why', async () => {
  const { status, text } = await ask('/readyz', { documents: broken, log: well, realtime: silent });
  expect(status).toBe(503);
  expect(JSON.parse(text)).toEqual({
    status: 'not_ready',
    notReady: { documents: 'connection refused', realtime: 'no answer within 100 ms' },
  });
});

test('shows its figures to Prometheus', async () => {
  expect((await ask('/metrics')).text).toContain('calls_total 3');
});
