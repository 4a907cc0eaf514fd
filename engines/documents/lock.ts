import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

interface Holder {
  readonly pid: number;
  readonly startedAt: string;
}

/** When a process started, in ticks since boot; with the pid it names one process for ever. Empty where unknown. */
const startOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
};

const isAlive = ({ pid, startedAt }: Holder): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startedAt === '' || startOf(pid) === startedAt;
};

const readHolder = (path: string): Holder | undefined => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
};

const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EEXIST';

/** Takes the lock if nobody has it; the file appears whole or not at all. */
const tryTake = (path: string): boolean => {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) }));
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
};

/** Takes a dead process's lock away; one that somebody has taken in between goes back. */
const removeStale = (path: string): void => {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const holder = readHolder(aside);
  if (holder && isAlive(holder)) linkSync(aside, path);
  rmSync(aside, { force: true });
};

/** The error when another process serves the directory. */
export class DirectoryInUse extends Error {}

const patienceMillis = 5000;

/**
 * Locks a data directory for this process and gives the function that unlocks it. A lock whose holder is dead is taken
 * over; one whose holder lives is waited for up to five seconds, then refused with `DirectoryInUse`.
 */
export const lockDirectory = async (dir: string): Promise<() => void> => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'lock.json');
  const until = Date.now() + patienceMillis;
  while (!tryTake(path)) {
    const holder = readHolder(path);
    if (!holder || !isAlive(holder)) removeStale(path);
    else if (Date.now() > until) {
      throw new DirectoryInUse(`${dir} is in use by process ${holder.pid}; stop it, or give another directory`);
    } else await wait(50);
  }
  return () => rmSync(path, { force: true });
};
