import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect } from 'vitest';
import { append, type Outcome } from '../../../engines/eventstore/append.ts';
import type { NewEvent } from '../../../engines/eventstore/event-frame.ts';
import type { Expected } from '../../../engines/eventstore/expected-revision.ts';
import { EventStore, type StoreOptions } from '../../../engines/eventstore/store.ts';
import { StoredEvent } from '../../../engines/eventstore/stored-event.ts';

const SMALL = 4096;
const NOTHING = Buffer.alloc(0);
let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'es-log-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A directory of the test file's own, gone when it ends. */
export const freshDir = () => mkdtempSync(join(root, 'log-'));

/** Opens the log in `dir`, whose segments are small. */
export const open = (dir: string, options: StoreOptions = {}) =>
  new EventStore(dir, { segmentSize: SMALL, ...options });

/** An event with `data`. */
export const event = (data = NOTHING): NewEvent => ({
  id: randomUUID(),
  type: 'T',
  isJson: false,
  metadata: NOTHING,
  data,
});

/** Appends to stream `name` and waits until the outcome is durable. */
export function appended(store: EventStore, name: string, expected: Expected, events: NewEvent[]): Promise<Outcome> {
  return new Promise((reply) => append(store, name, expected, events, reply));
}

/** One append: to which stream, and the size of each event. */
export const appends = fc.record({
  stream: fc.nat(4),
  sizes: fc.array(fc.nat(600), { minLength: 1, maxLength: 5 }),
});

export type Append = typeof appends extends fc.Arbitrary<infer T> ? T : never;

/** What a test remembers of an event. */
export interface Written {
  stream: string;
  id: string;
  data: string;
}

/** Appends without waiting for one before the next, and gives what was written when all of it is durable. */
export async function appendAll(store: EventStore, requests: readonly Append[]): Promise<Written[]> {
  const written: Written[] = [];
  const outcomes = requests.map(({ stream, sizes }) => {
    const events = sizes.map((size) => event(Buffer.alloc(size, `${size}.`)));
    written.push(...events.map(({ id, data }) => ({ stream: `s-${stream}`, id, data: data.toString() })));
    return appended(store, `s-${stream}`, 'any', events);
  });
  expect((await Promise.all(outcomes)).every(({ is }) => is === 'written')).toBe(true);
  return written;
}

/** Everything in the store, which must be consistent: positions as recorded, revisions without a gap. */
export function contentOf(store: EventStore): Written[] {
  const next = new Map<string, number>();
  return Array.from({ length: store.visible }, (_, seq) => {
    const found = new StoredEvent(store.frame(seq));
    const { stream } = found;
    expect(found.position).toBe(store.index.position[seq]);
    expect(found.revision).toBe(next.get(stream) ?? 0);
    expect(store.streams.eventsOf(store.streams.find(stream)!)[found.revision]).toBe(seq);
    next.set(stream, found.revision + 1);
    return { stream, id: found.id, data: found.data.toString() };
  });
}

/** What a killed process leaves: the files as they are, without the goodbye. */
export function abandoned(dir: string): string {
  const copy = freshDir();
  cpSync(dir, copy, { recursive: true, filter: (source) => !source.endsWith('.new') });
  return copy;
}
