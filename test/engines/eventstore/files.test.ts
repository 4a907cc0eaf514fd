import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { jsonEvent } from '@eventstore/db-client';
import { beforeAll, expect, test } from 'vitest';
import { streams } from './raw.ts';
import { all, freshName, runEventStore, until } from './running.ts';

const running = runEventStore({ segmentSize: 20_000 });

/** The files with this ending, in the order of the log, with the position in their names. */
function filesOf(ending: string): { base: number; bytes: Buffer }[] {
  const names = readdirSync(running.dir).filter((name) => name.endsWith(ending));
  return names
    .sort()
    .map((name) => ({ base: Number.parseInt(name, 10), bytes: readFileSync(join(running.dir, name)) }));
}

/** The payloads of the records in a segment, and where each stands in the log: by the description in the docs alone. */
function payloadsIn({ base, bytes }: { base: number; bytes: Buffer }): { position: number; payload: Buffer }[] {
  expect(bytes.toString('latin1', 0, 8)).toBe('EVTSEG01');
  expect(bytes.readBigUInt64LE(8)).toBe(BigInt(base));
  expect(bytes.readUInt32LE(16)).toBe(crc32(bytes.subarray(0, 16)));
  const payloads: { position: number; payload: Buffer }[] = [];
  for (let at = 64; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 4)) {
    const payload = bytes.subarray(at + 16, at + 16 + bytes.readUInt32LE(at + 4));
    const head = Buffer.alloc(16);
    head.writeDoubleLE(base + at);
    bytes.copy(head, 8, at + 4, at + 8);
    bytes.copy(head, 12, at + 12, at + 16);
    expect(bytes.toString('latin1', at, at + 4)).toBe('ESB1');
    expect(bytes.readUInt32LE(at + 8)).toBe(crc32(payload, crc32(head)));
    expect(messagesIn(payload)).toHaveLength(bytes.readUInt32LE(at + 12));
    payloads.push({ position: base + at + 16, payload });
  }
  return payloads;
}

/** gRPC messages, each behind a zero and its length. */
function messagesIn(payload: Buffer): { offset: number; message: Buffer }[] {
  const messages: { offset: number; message: Buffer }[] = [];
  for (let at = 0; at < payload.length; at += 5 + payload.readUInt32BE(at + 1)) {
    expect(payload[at]).toBe(0);
    messages.push({ offset: at, message: payload.subarray(at + 5, at + 5 + payload.readUInt32BE(at + 1)) });
  }
  return messages;
}

beforeAll(async () => {
  for (let number = 0; number < 30; number++) {
    const pad = 'x'.repeat(1000);
    const event = jsonEvent({ type: `Type${number % 3}`, data: { number, pad }, metadata: { number } });
    await running.client.appendToStream(freshName('file'), [event, jsonEvent({ type: 'Other', data: { number } })]);
  }
  await until(() => filesOf('.idx').length === filesOf('.seg').length - 1);
});

test('a stranger reads every event from the segments, with protobuf and a checksum', async () => {
  const found = filesOf('.seg').flatMap(payloadsIn);
  const events = found.flatMap(({ position, payload }) =>
    messagesIn(payload).map(({ offset, message }) => {
      const event = streams.ReadResp.deserializeBinary(message).getEvent().getEvent();
      expect(event.getCommitPosition()).toBe(String(position + offset));
      return {
        stream: Buffer.from(event.getStreamIdentifier().getStreamName_asU8()).toString(),
        type: event.getMetadataMap().get('type'),
        data: JSON.parse(Buffer.from(event.getData_asU8()).toString()),
      };
    }),
  );
  const read = (await all(running.client.readAll())).map(({ event }) => event!);
  expect(events).toEqual(read.map(({ streamId: stream, type, data }) => ({ stream, type, data })));
  expect(events).toHaveLength(60);
});

test('a stranger finds every event of a full segment by its index', () => {
  const segments = new Map(filesOf('.seg').map((segment) => [segment.base, segment]));
  for (const { base, bytes } of filesOf('.idx')) {
    expect(bytes.toString('latin1', 0, 8)).toBe('EVTIDX01');
    expect(bytes.readUInt32LE(8)).toBe(crc32(bytes.subarray(12)));
    const columns = 16 + bytes.readUInt32LE(12);
    const { count, streams: names, types } = JSON.parse(bytes.toString('utf8', 16, columns));
    const numbers = (from: number, place: number) => bytes.readUInt32LE(columns + from * count + 4 * place);
    const segment = segments.get(base)!;
    const events = payloadsIn(segment).flatMap(({ position, payload }) =>
      messagesIn(payload).map(({ offset, message }) => ({ position: position + offset, message })),
    );
    expect(events).toHaveLength(count);
    for (const [place, { position, message }] of events.entries()) {
      const event = streams.ReadResp.deserializeBinary(message).getEvent().getEvent();
      expect(bytes.readDoubleLE(columns + 8 * place)).toBe(position);
      expect(`${bytes.readDoubleLE(columns + 8 * count + 8 * place)}0000`).toBe(event.getMetadataMap().get('created'));
      expect(numbers(16, place)).toBe(5 + message.length);
      expect(names[numbers(20, place)]).toBe(Buffer.from(event.getStreamIdentifier().getStreamName_asU8()).toString());
      expect(types[numbers(24, place)]).toBe(event.getMetadataMap().get('type'));
    }
  }
});
