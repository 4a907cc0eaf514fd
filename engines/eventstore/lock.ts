import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Somebody else has the directory open. */
export class DirectoryInUse extends Error {}

interface Holder {
  pid: number;
  /** Tells this process from another that got the same pid later; empty where the system does not say. */
  since: string;
}

const RETRY = 50;

/**
 * Takes the lock of `dir` and returns what gives it back; throws DirectoryInUse if another process still has it after
 * `patience` milliseconds. A lock whose process is gone is taken over.
 */
export async function lockDirectory(dir: string, patience: number): Promise<() => void> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'lock');
  const until = Date.now() + patience;
  while (!tryLock(path)) {
    const content = contentOf(path);
    if (content === undefined) continue;
    const holder = holderIn(content);
    if (holder === undefined || !isAlive(holder)) removeStale(path, content);
    else if (Date.now() < until) await wait(RETRY);
    else throw new DirectoryInUse(`${dir} is in use by process ${holder.pid}; stop it first.`);
  }
  return () => rmSync(path, { force: true });
}

/** A link to a finished file: the lock appears with its content or not at all. */
function tryLock(path: string): boolean {
  const own = `${path}.${randomUUID()}`;
  try {
    writeFileSync(own, JSON.stringify({ pid: process.pid, since: startOf(process.pid) } satisfies Holder));
    linkSync(own, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Who holds a lock with this content; nobody if a power cut left only rubbish of it. */
function holderIn(content: string): Holder | undefined {
  try {
    const { pid, since } = JSON.parse(content) as Record<keyof Holder, unknown>;
    const isHolder = typeof pid === 'number' && pid > 0 && typeof since === 'string';
    return isHolder ? { pid, since } : undefined;
  } catch {
    return undefined;
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Moves the lock aside, and back if it turns out to be another one than the stale one. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== stale) linkSync(aside, path);
  unlinkSync(aside);
}

function isAlive({ pid, since }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return isCode(error, 'EPERM');
  }
  return startOf(pid) === since;
}

/** When a process began, as Linux tells it: the boot and the tick. A process that has died but lingers has no start. */
function startOf(pid: number): string {
  const boot = contentOf('/proc/sys/kernel/random/boot_id');
  const stat = contentOf(`/proc/${pid}/stat`);
  if (boot === undefined || stat === undefined) return '';
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'gone' : `${boot.trim()}/${fields[19]}`;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
