import { type Database, open, type RootDatabase } from 'lmdb';

type Table = Database<Buffer, Buffer>;

/**
 * The lmdb environment and its tables. Documents and index entries of all collections share a table each: a key begins
 * with the four bytes of the collection's or index's number, which is never used again.
 */
export interface Environment {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly catalogue: Table;
  readonly documents: Table;
  readonly entries: Table;
  readonly oplog: Table;
  readonly sessions: Table;
  readonly counts: Table;
}

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;

/** Opens the environment in a directory; a commit is on the disk before it is reported. */
export const openEnvironment = (path: string): Environment => {
  const root = open<Buffer, Buffer>({ path, ...binary, maxDbs: 8, overlappingSync: false, noSubdir: false });
  const table = (name: string): Table => root.openDB<Buffer, Buffer>({ name, ...binary });
  return {
    root,
    catalogue: table('catalogue'),
    documents: table('documents'),
    entries: table('entries'),
    oplog: table('oplog'),
    sessions: table('sessions'),
    counts: table('counts'),
  };
};

/** A key within the part of a table that belongs to one collection or index. */
export const scoped = (owner: number, key: Buffer): Buffer => {
  const whole = Buffer.allocUnsafe(key.length + 4);
  whole.writeUInt32BE(owner, 0);
  key.copy(whole, 4);
  return whole;
};

/** The first key after everything that belongs to an owner. */
export const endOfScope = (owner: number): Buffer => scoped(owner + 1, Buffer.alloc(0));
