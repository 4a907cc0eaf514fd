import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DomainEvent } from '../../domain/index.ts';
import { foldBatch } from '../../projections/fold-batch.ts';
import { readModels } from '../../projections/index.ts';
import { type Projection, projection, type Stored } from '../../projections/projection.ts';
import type { Recorded } from '../../store/event-log.ts';
import { anyEvent } from './arbitrary.ts';
import { happened, noon, recorded } from './events.ts';

/** A document store in miniature: what is written, and how far the checkpoint is. */
const memory = (p: Projection) => {
  const documents = new Map<string, Stored<unknown>>();
  let checkpoint = 0n;
  return {
    documents,
    rest: (events: readonly Recorded[]) => events.filter(({ position }) => position > checkpoint),
    /** Takes a batch; a crash leaves only the first `writes` documents, and not the checkpoint. */
    take(events: readonly Recorded[], writes?: number) {
      const changed = foldBatch(p, documents, events, new Date(noon));
      for (const stored of changed.slice(0, writes)) documents.set(stored._id, stored);
      if (writes === undefined) checkpoint = events.at(-1)?.position ?? checkpoint;
    },
  };
};

const history = fc.array(anyEvent, { maxLength: 60 }).map(recorded);
const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 20 }), writes: fc.option(fc.nat(3)) }), {
  maxLength: 20,
});

/** Works through the events in batches of these sizes, crashing where told, starting over at the checkpoint each time. */
const inPieces = (
  p: Projection,
  events: readonly Recorded[],
  pieces: readonly { size: number; writes: number | null }[],
) => {
  const store = memory(p);
  for (const { size, writes } of pieces) store.take(store.rest(events).slice(0, size), writes ?? undefined);
  store.take(store.rest(events));
  store.take(events); // and all of it once more
  return store.documents;
};

describe('whatever the batches, a redelivery or a crash in the middle', () => {
  test.each(readModels.map((p) => [p.name, p] as const))('leaves %s the same', (_, p) => {
    fc.assert(
      fc.property(history, cuts, (events, pieces) => {
        const atOnce = memory(p);
        atOnce.take(events);
        expect(inPieces(p, events, pieces)).toEqual(atOnce.documents);
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});

describe('a fold that throws', () => {
  const fussy = projection<{ texts: readonly string[] }>({ name: 'fussy', version: 1, indexes: [] })(
    {
      NoteAdded: (doc, { text }) => {
        if (text === null) throw new Error('a note without text');
        return { texts: [...(doc?.texts ?? []), text] };
      },
    },
    ({ ticketId }) => ticketId,
  );
  const { noted } = happened;
  const events: DomainEvent[] = [
    noted(1, { text: 'one' }),
    noted(2, { text: null }),
    noted(3, { text: 'three' }),
    noted(4, { ticketId: 't2', text: 'other' }),
    noted(5, { text: 'five' }),
  ];

  test('leaves its document as it was, counts what it misses, and stops no other', () => {
    const store = memory(fussy);
    for (const one of recorded(events)) store.take([one]);
    expect(store.documents.get('t1')).toMatchObject({
      at: 10n,
      doc: { texts: ['one'] },
      quarantine: { eventId: 'e20', position: 20n, error: 'a note without text', skipped: 2, upTo: 50n },
    });
    expect(store.documents.get('t2')).toMatchObject({ doc: { texts: ['other'] } });
  });

  test('counts nothing twice', () => {
    const once = memory(fussy);
    once.take(recorded(events));
    const again = inPieces(fussy, recorded(events), [
      { size: 3, writes: 1 },
      { size: 2, writes: 0 },
    ]);
    expect(again).toEqual(once.documents);
  });

  test('quarantines a document that never was', () => {
    const store = memory(fussy);
    store.take(recorded([noted(1, { text: null }), noted(2)]));
    expect(store.documents.get('t1')).toMatchObject({ doc: null, at: 0n, quarantine: { position: 10n, skipped: 1 } });
  });
});

test('an event that changes nothing writes nothing', () => {
  const store = memory(readModels.find(({ name }) => name === 'tickets')!);
  store.take(recorded([happened.noted(1)]));
  expect(store.documents.size).toBe(0);
});
