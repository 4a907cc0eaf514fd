import pino from 'pino';
import pretty from 'pino-pretty';
import { ConfigFault, readConfig } from './config.ts';
import { startRingbook } from './start.ts';
import { NotStarted } from './store/embedded.ts';
import { isOutage } from './store/faults.ts';

const logger = (level: string) =>
  process.stdout.isTTY ? pino({ level }, pretty({ colorize: true })) : pino({ level });

const run = async () => {
  const config = readConfig(process.env);
  const log = logger(config.LOG_LEVEL);
  const ringbook = await startRingbook(config, log);
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) process.exit(1); // a second Ctrl-C does not wait
    stopping = true;
    log.info({ signal }, 'stopping');
    await ringbook.stop();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
};

/** What a person can mend is told in a sentence; anything else is ours, with its stack. */
const explain = (error: NodeJS.ErrnoException & { port?: number }) => {
  if (error.code === 'EADDRINUSE') return `port ${error.port} is taken: stop what listens there, or set another port`;
  if (isOutage(error))
    return `the stores are out of reach (${error.message}): start a process with the role "engines", or see to EVENTSTORE_URL and MONGODB_URL`;
  const mendable = error instanceof ConfigFault || error instanceof NotStarted;
  return mendable ? error.message : (error.stack ?? error.message);
};

await run().catch((error: Error) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
