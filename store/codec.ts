import { z } from 'zod';
import { catalogue, type DomainEvent, type EventShape } from '../domain/index.ts';
import { Metadata } from '../domain/metadata.ts';
import type { Subject } from '../domain/personal.ts';
import { upcast, versionOf } from '../domain/upcasts.ts';
import type { Context, Recorded } from './event-log.ts';
import type { Keys } from './keys.ts';
import { isSealed, seal, unseal } from './seal.ts';

const Data = z.looseObject({});
type Data = z.infer<typeof Data>;

/** An event as the log keeps it: personal fields sealed, everything else in clear. */
export type Stored = { type: string; data: Data; metadata: Metadata };

/** What stands at a place of the log, not yet known to be an event of ours. */
export type Placed = { type: string; data: unknown; metadata: unknown } & Place;
type Place = Pick<Recorded, 'stream' | 'revision' | 'position' | 'id'>;

export type Codec = {
  encode(events: readonly DomainEvent[], context: Context): Promise<Stored[]>;
  decode(placed: readonly Placed[]): Promise<Recorded[]>;
};

/**
 * The one place that writes and reads events: schema version, metadata, and the sealing of personal fields under
 * the key of the person they are about. A personal field keeps its name for ever: the name is part of its seal.
 */
export const codec = (keys: Keys): Codec => ({
  async encode(events, context) {
    const stored = events.map((event) => withMetadata(event, context));
    const owned = await keys.keysFor(stored.flatMap(people), true);
    return stored.map((one) => ({ ...one, data: mapPersonal(one, (value, owner) => sealed(value, owner, owned)) }));
  },

  async decode(placed) {
    const stored = placed.map((one) => naming(one, () => storedAt(one)));
    const owned = await keys.keysFor(stored.flatMap(people), false);
    return stored.map((one) => naming(one, () => recorded(one, owned)));
  },
});

/** Does a step of the decoding; says which event it was when it fails. */
const naming = <R>({ type, stream, revision }: Placed, step: () => R): R => {
  try {
    return step();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : cause;
    throw new Error(`the stored event ${type} (revision ${revision} of ${stream}) cannot be read: ${why}`, { cause });
  }
};

const withMetadata = ({ type, ...data }: DomainEvent, context: Context): Stored => {
  const { store, actor, $correlationId, $causationId, commandId } = context;
  const versioned = { schemaVersion: versionOf(type), happenedAt: data.at };
  return { type, data, metadata: { store, actor, $correlationId, $causationId, commandId, ...versioned } };
};

const storedAt = (placed: Placed): Stored & Place => {
  const metadata = Metadata.parse(placed.metadata);
  if (metadata.schemaVersion > versionOf(placed.type)) throw new Error('a newer Ringbook wrote it: upgrade this one');
  return { ...placed, metadata, data: Data.parse(placed.data) };
};

const recorded = (stored: Stored & Place, owned: ReadonlyMap<string, Uint8Array>): Recorded => {
  const { stream, revision, position, id, type, metadata } = stored;
  const clear = mapPersonal(stored, (value, owner) => opened(value, owner, owned));
  const event = shapeOf(type).schema.parse({ type, ...upcast(type, metadata.schemaVersion, clear) });
  return { event, stream, revision, position, id, metadata };
};

type Owner = { person: string; field: string };

const shapeOf = (type: string): EventShape => {
  const shape = catalogue.get(type);
  if (!shape) throw new Error(`${type} is no event this Ringbook knows: a newer one wrote it, so upgrade this one`);
  return shape;
};

/** The key's subject of a personal field, or `null` when the event does not say whose it is. */
const personOf = ({ data, metadata }: Stored, subject: Subject): string | null => {
  const id = data[subject];
  if (typeof id !== 'string') return null;
  return subject === 'agentId' ? `agent:${metadata.store}.${id}` : id;
};

const people = (stored: Stored): string[] =>
  [...(catalogue.get(stored.type)?.personal ?? [])].flatMap(([field, subject]) =>
    stored.data[field] == null ? [] : (personOf(stored, subject) ?? []),
  );

/** The event's data with each personal value replaced; one that belongs to nobody is `null`. */
const mapPersonal = (stored: Stored, replace: (value: unknown, owner: Owner) => unknown): Data => {
  const data = { ...stored.data };
  for (const [field, subject] of shapeOf(stored.type).personal) {
    if (data[field] == null) continue;
    const person = personOf(stored, subject);
    data[field] = person === null ? null : replace(data[field], { person, field });
  }
  return data;
};

const nameOf = ({ person, field }: Owner) => `${person}.${field}`;

const sealed = (value: unknown, owner: Owner, owned: ReadonlyMap<string, Uint8Array>) => {
  const key = owned.get(owner.person);
  return key ? seal(value, key, nameOf(owner)) : null;
};

const opened = (value: unknown, owner: Owner, owned: ReadonlyMap<string, Uint8Array>) => {
  if (!isSealed(value)) throw new Error(`its personal field ${owner.field} stands in clear`);
  const key = owned.get(owner.person);
  return key ? unseal(value, key, nameOf(owner)) : null;
};
