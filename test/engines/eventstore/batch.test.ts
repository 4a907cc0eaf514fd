import { randomUUID } from 'node:crypto';
import { constants } from 'node:http2';
import { jsonEvent } from '@eventstore/db-client';
import { beforeEach, expect, test } from 'vitest';
import { bytesField } from '../../../engines/eventstore/wire-fields.ts';
import { type Encodable, type RawCall, rawCall, shared, streams, Timestamp } from './raw.ts';
import { all, counted, failureOf, freshName, runEventStore, until } from './running.ts';

const running = runEventStore({ maxAppendSize: 8 * 1024 * 1024 });

let call: RawCall;
beforeEach(() => {
  call = openCall('BatchAppend');
  return () => call.close();
});

function openCall(method: string): RawCall {
  return rawCall(running.server.urls[1]!, `streams.Streams/${method}`);
}

/** Waits for `count` answers and gives them: the revision of a success, the kind of a failure. */
async function answers(count: number): Promise<{ id: string; stream: string; result: string }[]> {
  await until(() => call.messages.length >= count);
  return call.messages.map((message) => {
    const answer = streams.BatchAppendResp.deserializeBinary(message);
    const failure = answer.getError()?.getDetails().getTypeName().split('.').at(-1);
    return {
      id: answer.getCorrelationId().getString(),
      stream: Buffer.from(answer.getStreamIdentifier().getStreamName_asU8()).toString(),
      result: failure ?? answer.getSuccess().getCurrentRevision(),
    };
  });
}

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
  const request = new streams.BatchAppendReq().setCorrelationId(new shared.UUID().setString(id)).setIsFinal(isFinal);
  if (stream !== undefined) {
    const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
    const options = new streams.BatchAppendReq.Options().setStreamIdentifier(identifier).setAny(new shared.Empty());
    if (deadline !== undefined) options.setDeadline(Timestamp.fromDate(deadline));
    request.setOptions(options);
  }
  for (let count = 0; count < events; count++) {
    const message = new streams.BatchAppendReq.ProposedMessage().setId(new shared.UUID().setString(randomUUID()));
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
  expect(await answers(2)).toEqual([
    { id: second, stream: other, result: '0' },
    { id: first, stream: one, result: '5' },
  ]);
  expect(await countIn(one)).toBe(6);
});

test('an append that is not complete when its deadline passes is answered then, and not made', async () => {
  const [stream, id] = [freshName(), randomUUID()];
  call.send(chunk({ id, stream, deadline: new Date(Date.now() + 100), events: 1, isFinal: false }));
  await answers(1);
  call.send(chunk({ id, events: 1, isFinal: true }));
  call.send(chunk({ id: randomUUID(), stream: freshName(), events: 1, isFinal: true }));
  expect((await answers(2)).map(({ result }) => result)).toEqual(['Timeout', '0']);
  expect(await countIn(stream)).toBe(0);
});

test.each([
  ['a type', { 'content-type': 'application/json' }],
  ['a content type', { type: 'T' }],
])('an event without %s fails its append and no other', async (_title, headers) => {
  const stream = freshName();
  call.send(chunk({ id: randomUUID(), stream, events: 1, headers, isFinal: true }));
  call.send(chunk({ id: randomUUID(), stream, events: 1, isFinal: true }));
  expect((await answers(2)).map(({ result }) => result)).toEqual(['BadRequest', '0']);
});

/** The request with a deadline as newer clients give it: how long from now on. */
function withinSeconds(request: ReturnType<typeof chunk>, seconds: number): Encodable {
  const duration = Buffer.from(new Timestamp().setSeconds(seconds).serializeBinary());
  const options = Buffer.concat([request.getOptions().serializeBinary(), bytesField(7, duration)]);
  request.clearOptions();
  return { serializeBinary: () => Buffer.concat([request.serializeBinary(), bytesField(2, options)]) };
}

test.each([
  ['a minute', 60, '0'],
  ['no time', 0, 'Timeout'],
  ['less than no time', -5, 'Timeout'],
])('an append may be given %s from now on', async (_title, seconds, result) => {
  call.send(withinSeconds(chunk({ id: randomUUID(), stream: freshName(), events: 1, isFinal: true }), seconds));
  expect(await answers(1)).toMatchObject([{ result }]);
});

test.each([
  ['an unknown append', undefined],
  ['an append to a stream whose name is no UTF-8', Buffer.from([0xff])],
])('a chunk of %s fails that append and no other', async (_title, name) => {
  const [stream, id] = [freshName(), randomUUID()];
  const bad = chunk({ id, ...(name && { stream }), events: 1, isFinal: true });
  if (name !== undefined) bad.getOptions().getStreamIdentifier().setStreamName(name);
  call.send(bad);
  call.send(chunk({ id: randomUUID(), stream, events: 1, isFinal: true }));
  expect(await answers(2)).toMatchObject([
    { id, result: 'BadRequest' },
    { stream, result: '0' },
  ]);
});

test('data that calls itself JSON and is none is kept', async () => {
  const stream = freshName();
  const request = chunk({ id: randomUUID(), stream, events: 1, isFinal: true });
  request.getProposedMessagesList()[0].setData(Buffer.from('{oops'));
  call.send(request);
  await answers(1);
  const [found] = await all(running.client.readStream(stream));
  expect(found?.event?.isJson).toBe(true);
  expect(Buffer.from(found?.event?.data as unknown as Uint8Array).toString()).toBe('{oops');
});

test('an append that does not say what it expects is refused', async () => {
  const request = chunk({ id: randomUUID(), stream: freshName(), events: 1, isFinal: true });
  request.getOptions().clearAny();
  call.send(request);
  expect(await answers(1)).toMatchObject([{ result: 'BadRequest' }]);
});

test('an append larger than one chunk of the official client arrives whole', async () => {
  const stream = freshName();
  const events = Array.from({ length: 50 }, (_, n) =>
    jsonEvent({ type: 'Large', data: { n, text: 'x'.repeat(150_000) } }),
  );
  await running.client.appendToStream(stream, events, { deadline: 60_000 });
  const found = await all(running.client.readStream(stream));
  expect(found.map(({ event }) => event?.data)).toEqual(events.map(({ data }) => data));
});

test('an append beyond the limit is refused at the chunk that goes beyond, and the call goes on', async () => {
  const stream = freshName();
  const events = Array.from({ length: 60 }, () => jsonEvent({ type: 'Large', data: { text: 'x'.repeat(150_000) } }));
  expect(await failureOf(running.client.appendToStream(stream, events, { deadline: 60_000 }))).toMatchObject({
    type: 'maximum-append-size-exceeded',
  });
  expect(await failureOf(running.client.appendToStream(stream, events, { deadline: 1 }))).toMatchObject({
    type: 'deadline-exceeded',
  });
  await running.client.appendToStream(stream, counted(1));
  expect(await countIn(stream)).toBe(1);
});

test.each([
  ['cancels', (append: RawCall) => append.stream.close(constants.NGHTTP2_CANCEL)],
  ['loses its connection', (append: RawCall) => append.close()],
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
  const options = new streams.AppendReq.Options().setStreamIdentifier(identifier).setAny(new shared.Empty());
  const message = new streams.AppendReq.ProposedMessage().setId(new shared.UUID().setString(randomUUID()));
  for (const [key, value] of Object.entries(COMPLETE)) message.getMetadataMap().set(key, value);
  return {
    options: new streams.AppendReq().setOptions(options),
    event: new streams.AppendReq().setProposedMessage(message),
  };
}
