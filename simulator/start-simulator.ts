import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { advanceTogether } from './advance.ts';
import { controlRouter } from './control.ts';
import { type Customers, customersOf } from './customers.ts';
import { graphRouter } from './graph.ts';
import { createOutbox } from './outbox.ts';
import { createRequestLog } from './request-log.ts';
import { type Clock, timersOn } from './timers.ts';
import { createWorld } from './world.ts';

/** `port` 0 takes a free one. `settle` resolves when what the host program has due by `now` has been done. */
export type SimulatorOptions = {
  readonly host: string;
  readonly port: number;
  readonly webhookUrl: string;
  readonly appSecret: string;
  readonly accessToken: string;
  readonly clock: Clock;
  readonly settle?: (now: number) => Promise<void>;
};

/** A running simulator: its address, what customers do, the shared clock, and the end of it all. */
export type Simulator = {
  readonly url: string;
  readonly customers: Customers;
  readonly clock: Clock;
  /** Moves the shared clock by `ms`; resolves when what was due on the way has happened and was delivered. */
  advance(ms: number): Promise<void>;
  /** Resolves when no webhook is on its way. */
  delivered(): Promise<void>;
  stop(): Promise<void>;
};

/** With a version too, for a program whose Graph address carries one. */
const controlPaths = ['/simulator', /^\/v\d+(\.\d+)?\/simulator/];

/** Starts Meta's side of WhatsApp Calling for any phone number id; rejects when the port is taken. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { host, port, webhookUrl, appSecret, accessToken, clock, settle = async () => {} } = options;
  const timers = timersOn(clock);
  const { send, setFaults, delivered, stop: stopOutbox } = createOutbox({ webhookUrl, appSecret, timers });
  const world = createWorld({ clock, timers, send });
  const customers = customersOf(world);
  const requests = createRequestLog();
  const advance = advanceTogether({ clock, timers, delivered, settle });

  const app = express().disable('x-powered-by').disable('etag');
  const reviseCosts = world.costs.revise;
  app.use(controlPaths, controlRouter({ clock, customers, requests, advance, setFaults, reviseCosts }));
  app.use(graphRouter({ world, requests, accessToken }));
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));

  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await Promise.all([closed, stopOutbox()]);
    timers.stop();
  };

  const { port: taken } = server.address() as AddressInfo;
  return { url: `http://${host}:${taken}`, customers, clock, advance, delivered, stop };
}
