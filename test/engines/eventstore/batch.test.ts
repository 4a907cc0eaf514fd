import { randomUUID } from 'node:crypto';
import { connect, constants } from 'node:http2';
import { createRequire } from 'node:module';
import { jsonEvent } from '@eventstore/db-client';
import { beforeEach, expect, test } from 'vitest';
import { MessageSplitter } from '../../../engines/eventstore/message-splitter.ts';
import { all, counted, failureOf, freshName, runEventStore, until } from './running.ts';

const generated = createRequire(import.meta.url)('@eventstore/db-client/generated/streams_pb.js');
const shared = createRequire(import.meta.url)('@eventstore/db-client/generated/shared_pb.js');
const timestamp = createRequire(import.meta.resolve('@eventstore/db-client'))(
  'google-protobuf/google/protobuf/timestamp_pb.js',
);

const running = runEventStore({ maxAppendSize: 8 * 1024 * 1024 });

type Encodable = { serializeBinary(): Uint8Array };

/** One call, chunk by chunk: what the official client does not let a test decide. */
function openCall(method: 'BatchAppend' | 'Append') {
  const session = connect(running.server.urls[1]!.replace('esdb:', 'http:').replace('?tls=false', ''));
  const path = `/event_store.client.streams.Streams/${method}`;
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const splitter = new MessageSplitter();
  const answers: { id: string; stream: string; result: string }[] = [];
  stream.on('data', (bytes: Buffer) => {
    for (const message of splitter.push(bytes)) {
      const answer = generated.BatchAppendResp.deserializeBinary(message);
      const result =
        answer.getError()?.getDetails().getTypeName().split('.').at(-1) ?? answer.getSuccess().getCurrentRevision();
      const name = Buffer.from(answer.getStreamIdentifier().getStreamName_asU8()).toString();
      answers.push({ id: answer.getCorrelationId().getString(), stream: name, result });
    }
  });
  const send = (request: Encodable) => {
    const bytes = request.serializeBinary();
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(bytes.length, 1);
    stream.write(Buffer.concat([prefix, bytes]));
  };
  return { answers, send, stream, close: () => session.destroy() };
}

let call: ReturnType<typeof openCall>;
beforeEach(() => {
  call = openCall('BatchAppend');
  return () => call.close();
});

interface Chunk {
  id: string;
  stream?: string;
  deadline?: Date;
  events: number;
  headers?: Record<string, string>;
  isFinal: boolean;
}

const COMPLETE = { type: 'T', 'content-type': 'application/json' };

function chunk({ id, stream, deadline, events, headers = COMPLETE, isFinal }: Chunk) {
  const request = new generated.BatchAppendReq().setCorrelationId(new shared.UUID().setString(id)).setIsFinal(isFinal);
  if (stream !== undefined) {
    const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
    const options = new generated.BatchAppendReq.Options().setStreamIdentifier(identifier).setAny(new shared.Empty());
    if (deadline !== undefined) options.setDeadline(timestamp.Timestamp.fromDate(deadline));
    request.setOptions(options);
  }
  for (let count = 0; count < events; count++) {
    const message = new generated.BatchAppendReq.ProposedMessage().setId(new shared.UUID().setString(randomUUID()));
    for (const [key, value] of Object.entries(headers)) message.getMetadataMap().set(key, value);
    request.addProposedMessages(message.setData(Buffer.from('{}')));
  }
  return request;
}

const countIn = async (stream: string) => (await all(running.client.readStream(stream)).catch(() => [])).length;

test('chunks of several appends may come in turns, and each append is whole', async () => {
  const [one, other] = [freshName(), freshName()];
  const [first, second] = [randomUUID(), randomUUID()];
  call.send(chunk({ id: first, stream: one, events: 2, isFinal: false }));
  call.send(chunk({ id: second, stream: other, events: 1, isFinal: false }));
  call.send(chunk({ id: first, events: 3, isFinal: false }));
  expect(await countIn(one)).toBe(0);
  call.send(chunk({ id: second, events: 0, isFinal: true }));
  call.send(chunk({ id: first, events: 1, isFinal: true }));
  await until(() => call.answers.length === 2);
  expect(call.answers).toEqual([
    { id: second, stream: other, result: '0' },
    { id: first, stream: one, result: '5' },
  ]);
  expect(await countIn(one)).toBe(6);
});

test('an append that is not complete when its deadline passes is answered then, and not made', async () => {
  const [stream, id] = [freshName(), randomUUID()];
  call.send(chunk({ id, stream, deadline: new Date(Date.now() + 100), events: 1, isFinal: false }));
  await until(() => call.answers.length === 1);
  call.send(chunk({ id, events: 1, isFinal: true }));
  call.send(chunk({ id: randomUUID(), stream: freshName(), events: 1, isFinal: true }));
  await until(() => call.answers.length === 2);
  expect(call.answers.map(({ result }) => result)).toEqual(['Timeout', '0']);
  expect(await countIn(stream)).toBe(0);
});

test.each([
  ['a type', { 'content-type': 'application/json' }],
  ['a content type', { type: 'T' }],
])('an event without %s fails its append and no other', async (_title, headers) => {
  const stream = freshName();
  call.send(chunk({ id: randomUUID(), stream, events: 1, headers, isFinal: true }));
  call.send(chunk({ id: randomUUID(), stream, events: 1, isFinal: true }));
  await until(() => call.answers.length === 2);
  expect(call.answers.map(({ result }) => result)).toEqual(['BadRequest', '0']);
});

test('an append larger than one chunk of the official client arrives whole', async () => {
  const stream = freshName();
  const events = Array.from({ length: 50 }, (_, n) =>
    jsonEvent({ type: 'Large', data: { n, text: 'x'.repeat(150_000) } }),
  );
  await running.client.appendToStream(stream, events);
  const found = await all(running.client.readStream(stream));
  expect(found.map(({ event }) => event?.data)).toEqual(events.map(({ data }) => data));
});

test('an append beyond the limit is refused at the chunk that goes beyond, and the call goes on', async () => {
  const stream = freshName();
  const events = Array.from({ length: 60 }, () => jsonEvent({ type: 'Large', data: { text: 'x'.repeat(150_000) } }));
  expect(await failureOf(running.client.appendToStream(stream, events))).toMatchObject({
    type: 'maximum-append-size-exceeded',
  });
  await running.client.appendToStream(stream, counted(1));
  expect(await countIn(stream)).toBe(1);
});

test.each([
  ['cancels', (append: ReturnType<typeof openCall>) => append.stream.close(constants.NGHTTP2_CANCEL)],
  ['loses its connection', (append: ReturnType<typeof openCall>) => append.close()],
])('of an append whose caller %s half-way nothing is written', async (_title, breakOff) => {
  const stream = freshName();
  const append = openCall('Append');
  const { options, event } = parts(stream);
  append.send(options);
  append.send(event);
  append.send(event);
  await new Promise((sent) => append.stream.write('', sent));
  breakOff(append);
  await running.client.appendToStream(freshName(), counted(1));
  await until(() => append.stream.closed);
  append.close();
  expect(await countIn(stream)).toBe(0);
});

/** The two kinds of message of an Append. */
function parts(stream: string): { options: Encodable; event: Encodable } {
  const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
  const options = new generated.AppendReq.Options().setStreamIdentifier(identifier).setAny(new shared.Empty());
  const message = new generated.AppendReq.ProposedMessage().setId(new shared.UUID().setString(randomUUID()));
  for (const [key, value] of Object.entries(COMPLETE)) message.getMetadataMap().set(key, value);
  return {
    options: new generated.AppendReq().setOptions(options),
    event: new generated.AppendReq().setProposedMessage(message),
  };
}
