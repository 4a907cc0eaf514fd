import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { type Clock, movableClock, realClock } from './clock.ts';
import { callSockets } from './commands/call-socket.ts';
import { startProcessManagers } from './commands/process-managers.ts';
import { commandRoutes } from './commands/routes.ts';
import { transactions } from './commands/transact.ts';
import { graphClient } from './commands/whatsapp/graph.ts';
import { whatsappWebhook } from './commands/whatsapp/webhook.ts';
import type { WriteSide } from './commands/write-side.ts';
import type { Config, Role } from './config.ts';
import { startDemoStore } from './demo.ts';
import { httpApp } from './http/app.ts';
import { signToken, tokenVerifier } from './http/caller.ts';
import { readModels } from './projections/index.ts';
import { startProjections } from './projections/runner.ts';
import { healthRoutes } from './read-api/health.ts';
import { readRoutes } from './read-api/routes.ts';
import { startRealtime } from './realtime/start-realtime.ts';
import { startSimulator } from './simulator/start-simulator.ts';
import { customerDirectory } from './store/directory.ts';
import { connectDocuments } from './store/documents.ts';
import { embeddedUrl, keepRunning, type Service } from './store/embedded.ts';
import { eventLog } from './store/event-log.ts';
import { keyRing } from './store/keys.ts';

type Stop = () => Promise<unknown>;

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
  const say = (service: string, url: string) => logger.info({ service, url }, 'listening');

  const urls = await startEngines(config, logger, onStop);
  const documents = await connectDocuments(urls.documents);
  onStop(documents.close);
  const { db } = documents;
  const keys = keyRing(db);
  const log = eventLog({ url: urls.eventstore, keys });
  onStop(log.close);

  let clockMoved = () => {};
  let settled: () => Promise<void> = async () => {};
  const clock = config.simulated ? await movableClock(db, () => clockMoved()) : realClock;

  const http = await listen(config, runs('commands', 'read-api', 'console'));
  if (http) onStop(http.close);
  const httpUrl = http?.url ?? `http://${config.HTTP_HOST}:${config.HTTP_PORT}`;
  const simulator =
    runs('simulator') && config.simulated ? await simulate(config, httpUrl, clock, () => settled()) : null;
  if (simulator) {
    onStop(simulator.stop);
    say('simulator', simulator.url);
  }

  const w: WriteSide = {
    ...transactions(log),
    log,
    db,
    directory: await customerDirectory(db, keys),
    graph: graphClient({ apiUrl: simulator?.url ?? config.whatsapp.apiUrl, accessToken: config.whatsapp.accessToken }),
    now: clock.now,
    logger,
  };

  if (runs('projections')) {
    const stopping = new AbortController();
    const onFault = (err: unknown) => logger.warn({ err }, 'projections wait for the stores');
    const running = startProjections({ log, db, readModels, signal: stopping.signal, onFault, now: clock.now });
    onStop(() => {
      stopping.abort();
      return running;
    });
  }

  if (runs('timers')) {
    const managers = startProcessManagers(w);
    clockMoved = managers.clockMoved;
    settled = managers.settled;
    onStop(managers.stop);
  }

  const verify = tokenVerifier(config.auth);
  const { HTTP_HOST: host, REALTIME_PORT: port } = config;
  const realtime = runs('realtime')
    ? await startRealtime({ host, port, db, verify, now: clock.now, logger, callSockets: callSockets(w) })
    : null;
  if (realtime) {
    onStop(realtime.stop);
    say('realtime', realtime.url);
  }

  if (!http) return;
  const routes = [
    ...(runs('commands') ? commandRoutes(w) : []),
    ...(runs('read-api') ? readRoutes({ db, directory: w.directory, now: clock.now }) : []),
  ];
  const before = [healthRoutes({ db, log }), ...(runs('commands') ? [whatsappWebhook(w, config.whatsapp)] : [])];
  http.serve(httpApp({ routes, before, verify, logger, ratePerMinute: config.RATE_LIMIT, maxBody: 256 * 1024 }));
  say('http', http.url);

  const wholeDemo = simulator && realtime && runs('commands') && config.DEMO === 'on' && 'secret' in config.auth;
  if (!wholeDemo) return;
  const addresses = { http: http.url, realtime: realtime.url, secret: config.auth.secret };
  onStop((await startDemoStore(addresses, simulator.customers, logger)).stop);
  await sayHowToStart(addresses);
};

/** WhatsApp's side, listening where Meta's API is expected. */
const simulate = (config: Config, httpUrl: string, clock: Clock, settle: () => Promise<void>) => {
  const { hostname: host, port } = new URL(config.whatsapp.apiUrl);
  const { appSecret, accessToken } = config.whatsapp;
  const webhookUrl = `${httpUrl}/webhooks/whatsapp`;
  return startSimulator({ host, port: Number(port), webhookUrl, appSecret, accessToken, clock, settle });
};

/** What a newcomer can do next, ready to be pasted; on the error stream, so that the log stays one JSON object a line. */
const sayHowToStart = async ({ http, realtime, secret }: { http: string; realtime: string; secret: string }) => {
  const token = await signToken(secret, { sub: 'asha', store: 'demo', role: 'agent' });
  process.stderr.write(`
Ringbook is ready. Customers of the demo store call about once a minute. Try, as its agent Asha:

  TOKEN=${token}
  curl -s -H "Authorization: Bearer $TOKEN" '${http}/v1/call-logs?limit=5'
  curl -s -H "Authorization: Bearer $TOKEN" '${http}/v1/missed-calls'

Live changes are at ${realtime}; more tokens: npm run cli -- token --help
`);
};

/** The addresses of the two stores; embedded ones are started when this process has the role, else they run elsewhere. */
const startEngines = async (config: Config, logger: Logger, onStop: (stop: Stop) => void) => {
  const start = async (service: Service, url: string, port: number | undefined) => {
    if (url !== 'embedded') return url;
    if (!config.ROLES.includes('engines')) return embeddedUrl(config.dataDir, service);
    const engine = await keepRunning({
      service,
      dataDir: config.dataDir,
      port,
      onStart: (pid) => logger.info({ service, pid }, 'engine started'),
      onListening: (address) => logger.info({ service, url: address }, 'listening'),
      onEnd: (how) => logger.error({ service, how }, 'an embedded store ended; starting it again'),
    });
    onStop(engine.stop);
    return embeddedUrl(config.dataDir, service);
  };
  const [eventstore, documents] = await Promise.all([
    start('eventstore', config.EVENTSTORE_URL, config.EVENTSTORE_PORT),
    start('documents', config.MONGODB_URL, config.MONGODB_PORT),
  ]);
  return { eventstore, documents };
};

/** Takes the port at once, so that others can be told of it; until `serve` is called it answers 503. */
const listen = async ({ HTTP_HOST, HTTP_PORT }: Config, wanted: boolean) => {
  if (!wanted) return null;
  let serve: RequestListener = (_, res) => res.writeHead(503, { 'Retry-After': '1' }).end();
  const server: Server = createServer((req, res) => serve(req, res));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(HTTP_PORT, HTTP_HOST, resolve));
  return {
    url: `http://${HTTP_HOST}:${(server.address() as AddressInfo).port}`,
    serve: (listener: RequestListener) => {
      serve = listener;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 2_000).unref();
      }),
  };
};
