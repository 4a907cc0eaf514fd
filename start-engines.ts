import type { Logger } from 'pino';
import type { Config, Role } from './config.ts';
import { embeddedUrl, keepRunning, type Service } from './store/embedded.ts';

export type Stop = () => Promise<unknown>;

/** What the parts share while they are started. */
export type Starting = {
  readonly config: Config;
  readonly logger: Logger;
  readonly onStop: (stop: Stop) => void;
  readonly runs: (...wanted: Role[]) => boolean;
};

/** The addresses of the two stores; embedded ones are started when this process has the role, else they run elsewhere. */
export const startEngines = async ({ config, runs, logger, onStop }: Starting) => {
  const start = async (service: Service, url: string, port: number | undefined) => {
    if (url !== 'embedded') return url;
    if (!runs('engines')) return embeddedUrl(config.dataDir, service);
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
  const starting = [
    start('eventstore', config.EVENTSTORE_URL, config.EVENTSTORE_PORT),
    start('documents', config.MONGODB_URL, config.MONGODB_PORT),
  ] as const;
  await Promise.allSettled(starting); // so that whatever did start is known, and stopped if the other did not
  const [eventstore, documents] = await Promise.all(starting);
  return { eventstore, documents };
};
