import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** A change is on disk after this; and writing takes at most a twentieth of the time, however large the world is. */
const soonest = 200;
const shareOfTime = 20;

type Parts<T> = {
  readonly dir: string;
  /** What is to be kept, as plain data. */
  readonly state: () => T;
  /** A write that failed, such as on a full disk; it is tried again with the next change. */
  readonly onFault: (fault: unknown) => void;
};

const fileIn = (dir: string) => join(dir, 'world-1.json'); // another shape of the state takes another name

/** What was kept in this folder, undefined for a new one. Throws when something else than we wrote stands there. */
export function readWorld<T>(dir: string): T | undefined {
  const file = fileIn(dir);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (fault) {
    throw new Error(`${file} cannot be read (${String(fault)}): remove it, and the simulated customers forget all`);
  }
}

/** Keeps the state in a file: soon after each change, always whole, so that a crash loses the last moment at most. */
export function keepWorld<T>({ dir, state, onFault }: Parts<T>) {
  mkdirSync(dir, { recursive: true });
  const file = fileIn(dir);
  let wait = soonest;
  let alarm: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  const write = async () => {
    alarm = undefined;
    const began = performance.now();
    await replace(file, JSON.stringify(state())).catch(onFault);
    wait = Math.max(soonest, (performance.now() - began) * shareOfTime);
  };

  const changed = () => {
    alarm ??= setTimeout(() => {
      writing = writing.then(write);
    }, wait);
  };

  return {
    changed,
    /** Writes what has changed and stops. */
    stop: async () => {
      const isDue = alarm !== undefined;
      clearTimeout(alarm);
      await writing;
      if (isDue) await write();
    },
  };
}

/** Either the old text or the new one stands in the file, whatever happens meanwhile. */
async function replace(file: string, text: string) {
  const next = `${file}.next`;
  const handle = await open(next, 'w');
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}
