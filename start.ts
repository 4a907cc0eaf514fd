import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, movableClock, realClock } from './clock.ts';
import { callSockets } from './commands/call-socket.ts';
import { prepareCollections } from './commands/collections.ts';
import { settledElsewhere, startProcessManagers } from './commands/process-managers.ts';
import { commandRoutes } from './commands/routes.ts';
import { storedTimers } from './commands/timers/stored-timers.ts';
import { transactions } from './commands/transact.ts';
import { graphClient } from './commands/whatsapp/graph.ts';
import { setAsideCounts } from './commands/whatsapp/set-aside.ts';
import { whatsappWebhook } from './commands/whatsapp/webhook.ts';
import type { WriteSide } from './commands/write-side.ts';
import type { Config, Role } from './config.ts';
import { startDemoStore } from './demo.ts';
import { apiDocs } from './http/api-docs.ts';
import { httpApp } from './http/app.ts';
import { tokenVerifier } from './http/caller.ts';
import { openDoor } from './http/door.ts';
import { metricsOf } from './metrics.ts';
import { readModels } from './projections/index.ts';
import { startProjections } from './projections/runner.ts';
import { healthRoutes } from './read-api/health.ts';
import { readRoutes } from './read-api/index.ts';
import { startRealtime } from './realtime/server.ts';
import { type Simulator, startSimulator } from './simulator/start-simulator.ts';
import { type Starting, type Stop, startEngines } from './start-engines.ts';
import { customerDirectory } from './store/directory.ts';
import { connectDocuments } from './store/documents.ts';
import { eventLog } from './store/event-log.ts';
import { isOutage } from './store/faults.ts';
import { keyRing } from './store/keys.ts';

/** HMAC-SHA256 is as strong as its key, up to 256 bits. */
const shortSecret = 32;

/** Starts the parts that `ROLES` names, in the order in which they need each other; `stop` ends them in reverse. */
export const startRingbook = async (config: Config, logger: Logger): Promise<{ stop(): Promise<void> }> => {
  const stops: Stop[] = [];
  const stop = async () => {
    for (const end of stops.reverse()) await end().catch((err) => logger.error({ err }, 'a part did not stop cleanly'));
  };
  try {
    await startParts(config, logger, (end) => stops.push(end));
  } catch (error) {
    await stop();
    throw error;
  }
  logger.info({ roles: config.ROLES }, 'ready');
  return { stop };
};

const startParts = async (config: Config, logger: Logger, onStop: (stop: Stop) => void) => {
  const runs = (...wanted: Role[]) => wanted.some((role) => config.ROLES.includes(role));
  const starting: Starting = { config, logger, onStop, runs };
  if ((config.AUTH_SECRET?.length ?? shortSecret) < shortSecret)
    logger.warn(`AUTH_SECRET has fewer than ${shortSecret} characters: who guesses it can sign any token`);
  const stores = await openStores(starting);
  const wakeUp = { clockMoved: () => {}, settled: async () => {} };
  const clock = config.simulated ? await movableClock(stores.db, () => wakeUp.clockMoved()) : realClock;
  if (!runs('simulator')) onStop(clock.follow());

  const { HTTP_HOST, HTTP_PORT } = config;
  const door = runs('commands', 'read-api', 'console') ? await openDoor(HTTP_HOST, HTTP_PORT) : null;
  if (door) onStop(door.close);
  const http = door?.url ?? `http://${HTTP_HOST}:${HTTP_PORT}`;
  const simulator = await startWhatsApp(starting, http, clock, () => wakeUp.settled());
  const w: WriteSide = {
    ...transactions(stores.log),
    ...stores,
    graph: graphClient({ apiUrl: simulator?.url ?? config.whatsapp.apiUrl, accessToken: config.whatsapp.accessToken }),
    now: clock.now,
    logger,
  };
  Object.assign(wakeUp, startWorkers(starting, w));
  const realtime = await startSockets(starting, w);
  if (door) {
    door.serve(httpEdge(starting, w));
    logger.info({ service: 'http', url: http }, 'listening');
  }
  if (simulator && realtime && runs('commands')) await startDemo(starting, { simulator, http, realtime });
};

const openStores = async (starting: Starting) => {
  const urls = await startEngines(starting);
  const documents = await connectDocuments(urls.documents);
  starting.onStop(documents.close);
  const keys = keyRing(documents.db);
  const log = eventLog({ url: urls.eventstore, keys });
  starting.onStop(log.close);
  await prepareCollections(documents.db);
  return { db: documents.db, log, directory: await customerDirectory(documents.db, keys) };
};

/** Projections and process managers, as far as this process runs them. */
const startWorkers = ({ runs, onStop, logger }: Starting, w: WriteSide) => {
  if (runs('projections')) {
    const stopping = new AbortController();
    const onFault = (err: unknown) => logger.warn({ err }, 'projections wait for the stores');
    const running = startProjections({ ...w, readModels, signal: stopping.signal, onFault });
    onStop(() => {
      stopping.abort();
      return running;
    });
  }
  if (!runs('timers')) return { settled: () => settledElsewhere(w) };
  const managers = startProcessManagers(w);
  onStop(managers.stop);
  return { clockMoved: managers.clockMoved, settled: managers.settled };
};

const startSockets = async ({ config, runs, onStop, logger }: Starting, w: WriteSide) => {
  if (!runs('realtime')) return null;
  const { HTTP_HOST: host, REALTIME_PORT: port } = config;
  const verify = tokenVerifier(config.auth);
  const realtime = await startRealtime({ ...w, host, port, verify, callSockets: callSockets(w) });
  onStop(realtime.stop);
  logger.info({ service: 'realtime', url: realtime.url }, 'listening');
  return realtime.url;
};

/** Commands, reads, webhooks and health behind one port. */
const httpEdge = ({ config, runs, logger }: Starting, w: WriteSide) => {
  const probes = { documents: () => w.db.command({ ping: 1 }), eventstore: w.log.head };
  const backlogs = () => storedTimers(w.db).backlogs(w.now());
  const routes = [...(runs('commands') ? commandRoutes(w) : []), ...(runs('read-api') ? readRoutes(w) : [])];
  return httpApp({
    routes,
    before: [
      apiDocs(routes),
      healthRoutes({ probes, metrics: metricsOf({ setAside: setAsideCounts, backlogs }) }),
      ...(runs('commands') ? [whatsappWebhook(w, config.whatsapp)] : []),
    ],
    verify: tokenVerifier(config.auth),
    logger,
    isOutage,
    ratePerMinute: config.RATE_LIMIT,
    maxBody: 256 * 1024,
  });
};

type Demo = { readonly simulator: Simulator; readonly http: string; readonly realtime: string };

const startDemo = async ({ config, logger, onStop }: Starting, { simulator, http, realtime }: Demo) => {
  if (config.DEMO === 'off' || !('secret' in config.auth)) return;
  const addresses = { http, realtime, secret: config.auth.secret };
  onStop((await startDemoStore(addresses, simulator.customers, logger)).stop);
};

/** WhatsApp's side, listening where Meta's API is expected; `null` when the real one, or another process, plays it. */
const startWhatsApp = async (
  { config, runs, onStop, logger }: Starting,
  httpUrl: string,
  clock: Clock,
  settle: () => Promise<void>,
): Promise<Simulator | null> => {
  if (!config.simulated || !runs('simulator')) return null;
  const { hostname: host, port } = new URL(config.whatsapp.apiUrl);
  const { appSecret, accessToken } = config.whatsapp;
  const webhookUrl = `${httpUrl}/webhooks/whatsapp`;
  const simulator = await startSimulator({
    host,
    port: Number(port),
    webhookUrl,
    appSecret,
    accessToken,
    clock,
    settle,
    dir: join(config.dataDir, 'simulator'),
    onFault: (err) => logger.warn({ err }, 'what the simulated customers did could not be kept'),
  });
  onStop(simulator.stop);
  logger.info({ service: 'simulator', url: simulator.url }, 'listening');
  return simulator;
};
