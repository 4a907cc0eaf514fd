import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Db } from 'mongodb';
import { z } from 'zod';
import { checkpointsOf } from '../projections/checkpoints.ts';

const Bytes = z.int().nonnegative();

/** What a backup holds. */
export const Manifest = z.object({
  format: z.literal('ringbook-backup/1'),
  madeAt: z.iso.datetime(),
  /** `end` is the log position behind the last event. */
  eventstore: z.object({ segments: z.int(), events: z.int(), end: z.int(), bytes: Bytes }),
  /** `positions`: how much of the log each read model and reaction had handled. */
  documents: z.object({ positions: z.record(z.string(), z.string()), bytes: Bytes }),
});
export type Manifest = z.infer<typeof Manifest>;

export const manifestFile = 'manifest.json';

/** The manifest of a backup; throws when the directory is none. */
export const readManifest = (directory: string): Manifest => {
  try {
    return Manifest.parse(JSON.parse(readFileSync(join(directory, manifestFile), 'utf8')));
  } catch (cause) {
    throw new Error(`${directory} is not a backup of Ringbook: name a directory that "backup" made.`, { cause });
  }
};

/** How far into the log the documents are, by the name of the read model or reaction. */
export const positionsIn = async (db: Db): Promise<Manifest['documents']['positions']> => {
  const reactions = db.collection<{ _id: string; at: bigint }>('checkpoints');
  const found = [...(await checkpointsOf(db).find().toArray()), ...(await reactions.find().toArray())];
  return Object.fromEntries(found.map(({ _id, at }) => [_id, String(at)]));
};
