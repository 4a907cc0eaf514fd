import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBatchChunk, readOptions } from '../../../engines/eventstore/append-request.ts';
import {
  frameBound,
  type NewEvent,
  type Place,
  TOMBSTONE,
  writeFrame,
} from '../../../engines/eventstore/event-frame.ts';
import { readProposed } from '../../../engines/eventstore/proposed-event.ts';
import { StoredEvent } from '../../../engines/eventstore/stored-event.ts';
import { structuredId } from '../../../engines/eventstore/uuid.ts';
import { WireReader } from '../../../engines/eventstore/wire.ts';
import { varintSize, writeVarint } from '../../../engines/eventstore/wire-fields.ts';
import { shared, streams } from './raw.ts';

const RUNS = { numRuns: 200, seed: 20261122 };
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 300 }).map((data) => Buffer.from(data));

const frames: fc.Arbitrary<NewEvent & Place> = fc.record({
  id: fc.uuid(),
  stream: text.map((name) => Buffer.from(name)),
  revision: fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constant(TOMBSTONE)),
  position: fc.maxSafeNat(),
  createdAt: fc.integer({ min: 1_000_000_000_000, max: 9_000_000_000_000 }),
  type: text,
  isJson: fc.boolean(),
  metadata: bytes,
  data: bytes,
});

function written(frame: NewEvent & Place): Buffer {
  const target = Buffer.alloc(frameBound(frame, frame.stream) + 7);
  return target.subarray(7, writeFrame(target, 7, frame, frame));
}

describe('an event in the log', () => {
  test('is what the official client reads as that event', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const message = written(frame);
        expect(message.readUInt32BE(1)).toBe(message.length - 5);
        const event = streams.ReadResp.deserializeBinary(message.subarray(5)).getEvent();
        const recorded = event.getEvent();
        expect(event.getCommitPosition()).toBe(String(frame.position));
        expect(recorded.getCommitPosition()).toBe(String(frame.position));
        expect(recorded.getPreparePosition()).toBe(String(frame.position));
        expect(BigInt(recorded.getStreamRevision())).toBe(
          frame.revision === TOMBSTONE ? 2n ** 63n - 1n : BigInt(frame.revision),
        );
        expect(recorded.getId().getString()).toBe(frame.id);
        expect(Buffer.from(recorded.getStreamIdentifier().getStreamName_asU8())).toEqual(frame.stream);
        expect(Object.fromEntries(recorded.getMetadataMap().toArray())).toEqual({
          type: frame.type,
          'content-type': frame.isJson ? 'application/json' : 'application/octet-stream',
          created: `${frame.createdAt}0000`,
        });
        expect(Buffer.from(recorded.getData_asU8())).toEqual(frame.data);
        expect(Buffer.from(recorded.getCustomMetadata_asU8())).toEqual(frame.metadata);
      }),
      RUNS,
    );
  });

  test('is read back as it was written', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const event = new StoredEvent(written(frame));
        const { id, revision, position, createdAt, type, isJson, metadata, data } = event;
        const found = { id, revision, position, createdAt, type, isJson, metadata, data };
        expect({ ...found, stream: Buffer.from(event.stream) }).toEqual(frame);
      }),
      RUNS,
    );
  });

  test('can be given with its id in two halves', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const { recorded } = new StoredEvent(written(frame));
        const event = streams.ReadResp.ReadEvent.RecordedEvent.deserializeBinary(structuredId(recorded));
        const halves = event.getId().getStructured();
        const half = (value: string) => BigInt.asUintN(64, BigInt(value)).toString(16).padStart(16, '0');
        const id = half(halves.getMostSignificantBits()) + half(halves.getLeastSignificantBits());
        expect(id).toBe(frame.id.replaceAll('-', ''));
        expect(Buffer.from(event.getData_asU8())).toEqual(frame.data);
      }),
      RUNS,
    );
  });
});

test('a batch of the official client is read as it was meant', () => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 4 }), text, fc.uuid(), fc.boolean(), (events, stream, id, isFinal) => {
      const request = new streams.BatchAppendReq();
      const uuid = (value: string) => new shared.UUID().setString(value);
      const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
      const options = new streams.BatchAppendReq.Options().setStreamIdentifier(identifier).setStreamPosition('7');
      request.setCorrelationId(uuid(id)).setOptions(options).setIsFinal(isFinal);
      for (const event of events) {
        const message = new streams.BatchAppendReq.ProposedMessage().setId(uuid(event.id)).setData(event.data);
        message.setCustomMetadata(event.metadata).getMetadataMap().set('type', event.type);
        message.getMetadataMap().set('content-type', event.isJson ? 'application/json' : 'image/png');
        request.addProposedMessages(message);
      }
      const chunk = readBatchChunk(Buffer.from(request.serializeBinary()));
      expect(chunk).toMatchObject({ correlationId: id, isFinal });
      expect(readOptions(chunk.options!)).toMatchObject({ stream, expected: 7n });
      const wanted = events.map((event) => ({
        id: event.id,
        type: event.type,
        isJson: event.isJson,
        metadata: event.metadata,
        data: event.data,
      }));
      expect(chunk.events.map(readProposed)).toEqual(wanted);
    }),
    RUNS,
  );
});

test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER])(
  '%i is written as a number and read back',
  (value) => {
    const target = Buffer.alloc(12);
    target[0] = 8;
    const end = writeVarint(target, 1, value);
    expect(end - 1).toBe(varintSize(value));
    const reader = new WireReader(target, 0, end);
    reader.field();
    expect(reader.number()).toBe(value);
  },
);
