import { type Backup, backup } from '../engines/eventstore/backup.ts';
import { type Verification, verify } from '../engines/eventstore/verify.ts';
import { bytesIn } from './embedded-stores.ts';
import { byteProgress } from './progress.ts';

/** Reads every record of an event store's files, which may be in use. */
export const checkEvents = (dir: string): Promise<Verification> =>
  counting('checking events', dir, (onBytes) => verify(dir, onBytes));

/** Copies every event that is durable by now; the event store may be in use. */
export const copyEvents = (dir: string, target: string): Promise<Backup> =>
  counting('copying events', dir, (onBytes) => backup(dir, target, onBytes));

const counting = async <T>(doing: string, dir: string, work: (onBytes: (bytes: number) => void) => Promise<T>) => {
  const bar = byteProgress(doing, bytesIn(dir));
  let done = 0;
  const result = await work((bytes) => {
    done += bytes;
    bar.at(done);
  });
  bar.end();
  return result;
};
