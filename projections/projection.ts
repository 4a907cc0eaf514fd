import type { IndexDescription } from 'mongodb';
import type { EventType, Named } from '../domain/index.ts';
import type { Recorded } from '../store/event-log.ts';

/** Whether people see a document, or it is only remembered for what comes next, or they see it for one more day. */
type Standing = 'shown' | 'resting' | 'leaving';

/** The fields of an index, and what is special about it. */
export type Index = readonly [Readonly<Record<string, 1 | -1>>, Omit<IndexDescription, 'key' | 'version'>?];

/** The document an event belongs to, or all of them; `null` for none of this read model. */
export type Keys = string | readonly string[] | null;

/** A read model: which documents an event belongs to, and what each of them becomes. `null` removes it. */
export type Projection<D = unknown> = {
  readonly name: string;
  /** Raised when the same events must give other documents; documents of another version live in another collection. */
  readonly version: number;
  readonly listensTo: ReadonlySet<string>;
  /** Indexes on the stored form, e.g. `{ store: 1, 'doc.startedAt': -1 }`. */
  readonly indexes: readonly Index[];
  keyOf(recorded: Recorded): Keys;
  evolve(doc: D | null, recorded: Recorded, key: string): D | null;
  /** Every document is shown unless this says otherwise. */
  standing?(doc: D): Standing;
};

/** Why a document stopped following the log: the event its fold threw at, and how many later ones it missed since. */
type Quarantine = {
  readonly eventId: string;
  readonly position: bigint;
  readonly error: string;
  readonly skipped: number;
  /** Position of the last event that was skipped. */
  readonly upTo: bigint;
};

/** A document at rest: the read model itself, whose it is, and the log position it is true of. */
export type Stored<D> = {
  readonly _id: string;
  readonly at: bigint;
  readonly store: string;
  /** `null`: removed, or resting. The tombstone of a removed one stays for a day, so that a client that was away learns of it. */
  readonly doc: D | null;
  /** What is remembered of a document that nobody is shown. */
  readonly resting?: D;
  /** When it was removed or began to leave, as a date so that the store can expire it. */
  readonly removedAt?: Date;
  readonly quarantine?: Quarantine;
};

/** A stored document that people are shown. */
export type Shown<D> = Stored<D> & { readonly doc: D };

/** How far a read model is, one document per model in the collection `read_models`. */
export type Checkpoint = {
  /** The name of the model's collection. */
  readonly _id: string;
  /** Everything up to here is in the read model; `0n`: nothing yet. */
  readonly at: bigint;
  /** Changes with the version and with every rebuild, never with the process: `<name>@<version>.<rebuild>`. */
  readonly epoch: string;
  /** Whether it has caught up with the log once since it was begun. */
  readonly ready: boolean;
  /** When the last event in it happened, in ms. */
  readonly happenedAt: number;
};

/** One handler per event type; `keyOf` tells to which document, or documents, the event belongs. */
export const projection =
  <D>(d: Pick<Projection<D>, 'name' | 'version' | 'indexes' | 'standing'>) =>
  <T extends EventType>(
    handlers: { [K in T]: (doc: D | null, event: Named<K>, recorded: Recorded, key: string) => D | null },
    keyOf: (event: Named<T>, recorded: Recorded) => Keys,
  ): Projection<D> => ({
    ...d,
    listensTo: new Set(Object.keys(handlers)),
    keyOf: (recorded) => keyOf(recorded.event as Named<T>, recorded),
    evolve: (doc, recorded, key) => handlers[recorded.event.type as T](doc, recorded.event as never, recorded, key),
  });

/** Where a read model's documents are. */
export const collectionOf = ({ name, version }: Projection) => `${name}.v${version}`;
