import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { advanceTogether } from './advance.ts';
import { keepTime } from './calls.ts';
import { controlRouter } from './control.ts';
import { type Customers, customersOf } from './customers.ts';
import type { Faults } from './faults.ts';
import { graphRouter } from './graph.ts';
import { createGraphFaults } from './graph-faults.ts';
import { openMemory } from './memory.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { quirky } from './quirks.ts';
import { createRequestLog } from './request-log.ts';
import { type Clock, timersOn } from './timers.ts';
import { createWorld } from './world.ts';

/**
 * `port` 0 takes a free one. `settle` resolves when what the host program has due by `now` has been done. What happens
 * is kept in the folder `dir`, and goes on there after a restart; without one it is forgotten.
 */
export type SimulatorOptions = {
  readonly host: string;
  readonly port: number;
  readonly webhookUrl: string;
  readonly appSecret: string;
  readonly accessToken: string;
  readonly clock: Clock;
  readonly settle?: (now: number) => Promise<void>;
  readonly dir?: string | undefined;
  /** Something that could not be kept, such as on a full disk. */
  readonly onFault?: (fault: unknown) => void;
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
  const memory = openMemory({ ...options, undelivered: () => outbox.waiting() });
  const { changed } = memory;
  const outbox: Outbox = createOutbox({ webhookUrl, appSecret, timers, now: clock.now, changed });
  const quirks = quirky(outbox.send);
  const graphFaults = createGraphFaults(timers);
  const setFaults = (faults: Faults) => {
    outbox.setFaults(faults);
    quirks.setQuirks({ quirks: faults.quirks ?? [], chance: faults.quirkChance ?? 1, seed: faults.seed });
    quirks.releaseAll();
    graphFaults.setFaults(faults.graph);
  };
  const world = createWorld({ clock, timers, send: quirks.send, records: memory.records });
  const customers = customersOf(world);
  const requests = createRequestLog();
  const { delivered } = outbox;
  const advance = advanceTogether({ clock, timers, delivered, settle });

  const app = express().disable('x-powered-by').disable('etag');
  app.use(controlPaths, controlRouter({ world, customers, requests, outbox, advance, setFaults, changed }));
  app.use(graphRouter({ world, requests, accessToken, befall: graphFaults.befall, changed }));
  const server = createServer(app);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  outbox.resume(memory.left);
  for (const call of world.liveCalls()) keepTime(world, call);

  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    quirks.releaseAll();
    await Promise.all([closed, outbox.stop()]);
    timers.stop();
    await memory.stop();
  };

  const { port: taken } = server.address() as AddressInfo;
  return { url: `http://${host}:${taken}`, customers, clock, advance, delivered, stop };
}
