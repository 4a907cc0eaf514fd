import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { millisecondsOf } from '../../../engines/eventstore/grpc-timeout.ts';
import { features, framed, rawCall, shared, streams } from './raw.ts';
import { all, counted, failureOf, freshName, runEventStore } from './running.ts';

const running = runEventStore();
const tcp = () => new URL(running.server.urls[1]!.replace('esdb:', 'http:'));
const bytes = (...values: number[]) => framed(Uint8Array.from(values));

describe('outside gRPC', () => {
  test.each([
    ['GET', '/health/live', 204],
    ['HEAD', '/health/live', 204],
    ['GET', '/health/live?liveCode=200', 200],
    ['GET', '/health/live?verbose', 204],
    ['POST', '/health/live', 404],
    ['PUT', '/health/live', 404],
    ['GET', '/health/lively', 404],
    ['GET', '/', 404],
    ['GET', '/streams/s', 404],
    ['POST', '/streams/s', 404],
  ])('%s %s is answered with %i, on both addresses', async (method, path, status) => {
    const addresses = [{ socketPath: running.socket }, { host: tcp().hostname, port: tcp().port }];
    for (const address of addresses) {
      const answered = new Promise<[number | undefined, string]>((resolve, reject) => {
        request({ ...address, method, path }, async (answer) => {
          const text = (await answer.toArray()).join('');
          resolve([answer.statusCode, text]);
        })
          .on('error', reject)
          .end();
      });
      expect(await answered).toEqual([status, status === 404 ? expect.stringContaining('KurrentDB') : '']);
    }
  });

  test.each([
    ['GET', '/health/live', undefined, 204],
    ['GET', '/elsewhere', undefined, 404],
    ['POST', '/event_store.client.streams.Streams/Read', 'application/json', 415],
    ['POST', '/event_store.client.streams.Streams/Read', 'application/grpc-web+proto', 415],
    ['POST', '/event_store.client.streams.Streams/Read', undefined, 415],
  ])('%s %s of type %s over HTTP/2 is answered with %i', async (method, path, type, status) => {
    const session = connectHttp2(tcp());
    const stream = session.request({ ':method': method, ':path': path, ...(type && { 'content-type': type }) });
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(status);
    await once(stream.resume(), 'close');
    session.close();
  });

  test.each([
    ['GET /health/live HTTP/1.1\r\nhost: h\r\n\r\n', 'HTTP/1.1 204'],
    ['POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n', 'HTTP/1.1 404'],
    ['PUT / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n', 'HTTP/1.1 404'],
    ['\x16\x03\x01 is how TLS begins', 'HTTP/1.1 400'],
    ['PRI * HTTP/2.0 but nothing of it', ''],
  ])('%j is understood however it is cut', async (said, answer) => {
    const socket = connect(Number(tcp().port), tcp().hostname);
    let heard = '';
    socket.on('data', (data) => {
      heard += data.toString('latin1');
    });
    socket.on('error', () => {});
    for (const byte of said) {
      if (socket.writable) await new Promise((sent) => socket.write(byte, sent));
    }
    if (!socket.closed) await once(socket, 'close');
    expect(heard).toContain(answer);
  });
});

const { Options } = streams.ReadReq;
const empty = () => new shared.Empty();

/** A request to read ten events of everything, changed by `change`. */
function readRequest(change: (options: InstanceType<typeof Options>) => unknown = () => {}): Uint8Array {
  const options = new Options().setAll(new Options.AllOptions().setStart(empty())).setCount('10');
  change(options);
  return new streams.ReadReq().setOptions(options).serializeBinary();
}

const filtered = (filter: unknown) => readRequest((options) => options.setFilter(filter));
const { FilterOptions } = Options;
const group = [0xfb, 0x07, 0xfc, 0x07];

describe('a read', () => {
  test.each<[string, Uint8Array, number]>([
    ['no message', Buffer.alloc(0), 3],
    ['a field that never ends', bytes(0x0a, 0x7f), 3],
    ['a number where a message belongs', bytes(0x08, 0x01), 3],
    ['field number 0', bytes(0x02, 0x00), 3],
    ['a group', framed(Buffer.concat([readRequest(), Buffer.from(group)])), 3],
    ['two messages', Buffer.concat([framed(readRequest()), framed(readRequest())]), 3],
    ['half a message', framed(readRequest()).subarray(0, 9), 3],
    ['half a message behind a whole one', Buffer.concat([framed(readRequest()), Buffer.from([0, 0])]), 3],
    ['no options', framed(Buffer.alloc(0)), 3],
    ['neither a count nor a subscription', bytes(0x0a, 0x02, 0x12, 0x00), 3],
    ['neither a stream nor everything', framed(readRequest((options) => options.clearAll())), 3],
    ['an empty filter', framed(filtered(new FilterOptions())), 3],
    ['a filter that is no pattern', framed(filtered(new FilterOptions().setEventType(pattern('(')))), 3],
    ['a compressed message', Buffer.concat([Buffer.from([1]), framed(gzipSync(readRequest())).subarray(1)]), 12],
    ['words of another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 12],
    ['a message beyond every limit', Buffer.from([0, 0x7f, 0, 0, 0, 0]), 8],
    ['fields that nobody knows', framed(Buffer.concat([readRequest(), Buffer.from([0xf8, 0x07, 1])])), 0],
  ])('with %s ends with its status, and the server goes on', async (_title, body, code) => {
    const call = rawCall(running.server.urls[1]!, 'streams.Streams/Read');
    call.stream.write(body);
    expect(await call.outcome()).toMatchObject({ 'grpc-status': String(code), 'grpc-accept-encoding': 'identity' });
    expect(await all(running.client.readAll({ maxCount: 1 }))).toBeDefined();
  });

  test('takes a pattern before prefixes, and without either finds nothing', async () => {
    const stream = freshName('pattern');
    await running.client.appendToStream(stream, counted(1));
    const found = async (expression: unknown) => {
      const call = rawCall(running.server.urls[1]!, 'streams.Streams/Read');
      call.stream.write(framed(filtered(new FilterOptions().setStreamIdentifier(expression))));
      await call.outcome();
      return call.messages.length;
    };
    expect(await found(pattern('^pattern-').setPrefixList(['nobody']))).toBe(1);
    expect(await found(pattern('').setPrefixList(['nobody', 'pattern-']))).toBe(1);
    expect(await found(pattern(''))).toBe(0);
  });

  test('ends when the time is over that its caller gave it', async () => {
    const call = rawCall(running.server.urls[1]!, 'streams.Streams/Read', { 'grpc-timeout': '100m' });
    const live = readRequest((options) => options.clearCount().setSubscription(new Options.SubscriptionOptions()));
    call.stream.write(framed(live));
    expect(await call.outcome()).toMatchObject({ 'grpc-status': '4' });
    expect(call.messages.length).toBeGreaterThan(0);
  });
});

function pattern(regex: string) {
  return new FilterOptions.Expression().setRegex(regex);
}

test.each([
  ['100m', 100],
  ['2S', 2000],
  ['1M', 60_000],
  ['3H', 10_800_000],
  ['5000u', 5],
  ['1n', 1e-6],
  ['99999999H', undefined],
  ['123456789m', undefined],
  ['5', undefined],
  ['-5S', undefined],
  ['', undefined],
])('a time limit of "%s" is %s milliseconds', (timeout, milliseconds) => {
  expect(millisecondsOf(timeout)).toBe(milliseconds);
});

test.each(['/', '/__proto__', '/event_store.client.', '/event_store.client.toString'])(
  'a call of "%s" is refused, and the server goes on',
  async (path) => {
    const call = rawCall(running.server.urls[1]!, '', { ':path': path });
    expect(await call.outcome()).toMatchObject({ 'grpc-status': '12' });
    expect(await all(running.client.readAll({ maxCount: 1 }))).toBeDefined();
  },
);

describe('an append', () => {
  const id = () => new shared.UUID().setString('6f9619ff-8b86-4d11-b42d-00c04fc964ff');

  function parts(stream: string) {
    const identifier = new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
    const options = new streams.AppendReq.Options().setStreamIdentifier(identifier).setAny(empty());
    const message = new streams.AppendReq.ProposedMessage().setId(id());
    message.getMetadataMap().set('type', 'T').set('content-type', 'application/json');
    return { options, event: new streams.AppendReq().setProposedMessage(message) };
  }

  test('whose last message is cut short is not made', async () => {
    const stream = freshName();
    const { options, event } = parts(stream);
    const call = rawCall(running.server.urls[1]!, 'streams.Streams/Append');
    call.send(new streams.AppendReq().setOptions(options));
    call.send(event);
    call.stream.write(framed(event.serializeBinary()).subarray(0, 20));
    expect(await call.outcome()).toMatchObject({ 'grpc-status': '3' });
    expect(await failureOf(all(running.client.readStream(stream)))).toMatchObject({ type: 'stream-not-found' });
  });

  test.each(['type', 'content-type'])('of an event without %s names what an event must have', async (header) => {
    const { options, event } = parts(freshName());
    event.getProposedMessage().getMetadataMap().del(header);
    const call = rawCall(running.server.urls[1]!, 'streams.Streams/Append');
    call.send(new streams.AppendReq().setOptions(options));
    call.send(event);
    expect(await call.outcome()).toMatchObject({
      'grpc-status': '3',
      'grpc-message': `Required%20Metadata%20Property%20'${header}'%20is%20missing`,
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  });

  test('that does not say what it expects is refused', async () => {
    const { options } = parts(freshName());
    options.clearAny();
    const call = rawCall(running.server.urls[1]!, 'streams.Streams/Append');
    call.send(new streams.AppendReq().setOptions(options));
    expect(await call.outcome()).toMatchObject({ 'grpc-status': '3' });
  });

  test('without its caller having said all in time is not made', async () => {
    const stream = freshName();
    const { options, event } = parts(stream);
    const call = rawCall(running.server.urls[1]!, 'streams.Streams/Append', { 'grpc-timeout': '50000u' });
    call.send(new streams.AppendReq().setOptions(options));
    call.send(event);
    const [headers] = await once(call.stream, 'response');
    expect(headers).toMatchObject({ 'grpc-status': '4' });
    await call.outcome();
    expect(await failureOf(all(running.client.readStream(stream)))).toMatchObject({ type: 'stream-not-found' });
  });
});

test('the server says what may be called, and with which features', async () => {
  const call = rawCall(running.server.urls[1]!, 'server_features.ServerFeatures/GetSupportedMethods');
  call.send(empty());
  await call.outcome();
  const { methodsList, eventStoreServerVersion } = features.SupportedMethods.deserializeBinary(
    call.messages[0],
  ).toObject();
  expect(eventStoreServerVersion).toBe('24.6.0');
  expect(methodsList).toContainEqual({
    methodName: 'batchappend',
    serviceName: 'event_store.client.streams.streams',
    featuresList: ['deadline_duration'],
  });
});
