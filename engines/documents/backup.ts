import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { DocumentError } from './errors.ts';

const isEmptyOrMissing = async (path: string): Promise<boolean> => {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.length === 0;
};

/** Where in a data directory the lmdb environment lies. */
export const environmentFolder = 'lmdb';

/**
 * Copies a running environment, consistently and compacted, into a directory that is empty or does not exist yet.
 * The directory gets its name only when the copy is complete, and can be served like any data directory (`--dir`).
 */
export const backup = async (root: RootDatabase<Buffer, Buffer>, path: string): Promise<void> => {
  if (!(await isEmptyOrMissing(path))) {
    throw new DocumentError('BadValue', `backup: ${path} is not empty; give a directory that is new or empty`);
  }
  const partial = `${path}.partial-${process.pid}`;
  const target = join(partial, environmentFolder);
  await mkdir(target, { recursive: true, mode: 0o700 });
  try {
    await root.backup(target, true);
    await rm(path, { recursive: true, force: true });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
};
