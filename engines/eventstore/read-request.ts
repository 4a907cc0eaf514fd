import type { Filter } from './filter.ts';
import { invalidArgument } from './grpc-error.ts';
import { readStreamName } from './stream-name.ts';
import { presence, readFields, WireReader } from './wire.ts';

/** Where a read starts: a revision of a stream or a position in the log. */
type From = number | 'start' | 'end';

export interface ReadRequest {
  /** The stream to read; `$all` if undefined. */
  stream: string | undefined;
  from: From;
  isBackwards: boolean;
  resolvesLinks: boolean;
  /** How many events at most; undefined for a subscription, which has no end. */
  count: number | undefined;
  filter: Filter | undefined;
  /** Whether event ids are wanted as two 64-bit halves. */
  wantsStructuredIds: boolean;
}

/** A ReadReq. */
export function readRequest(message: Buffer): ReadRequest {
  const request: ReadRequest = {
    stream: undefined,
    from: 'start',
    isBackwards: false,
    resolvesLinks: false,
    count: undefined,
    filter: undefined,
    wantsStructuredIds: false,
  };
  let isSubscription = false;
  let isForAll = false;
  const structured = presence(() => {
    request.wantsStructuredIds = true;
  });
  const options = {
    1: (reader: WireReader) => readStreamOptions(reader.message(), request),
    2: (reader: WireReader) => {
      isForAll = true;
      readAllOptions(reader.message(), request);
    },
    3: (reader: WireReader) => {
      request.isBackwards = reader.number() === 1;
    },
    4: (reader: WireReader) => {
      request.resolvesLinks = reader.number() === 1;
    },
    5: (reader: WireReader) => {
      request.count = reader.number();
    },
    6: presence(() => {
      isSubscription = true;
    }),
    7: (reader: WireReader) => {
      request.filter = readFilter(reader.message());
    },
    9: (reader: WireReader) => readFields(reader.message(), { 1: structured }),
  };
  readFields(new WireReader(message), { 1: (reader) => readFields(reader.message(), options) });
  refuseNonsense(request, isForAll, isSubscription);
  return request;
}

function refuseNonsense(
  { stream, filter, count, isBackwards }: ReadRequest,
  isForAll: boolean,
  isSubscription: boolean,
) {
  if (isForAll === (stream !== undefined)) throw invalidArgument('Either a stream or all events.');
  if (!isForAll && filter !== undefined) throw invalidArgument('Only a read of all events can have a filter.');
  if (isSubscription === (count !== undefined)) throw invalidArgument('Either a count or a subscription.');
  if (isSubscription && isBackwards) throw invalidArgument('A subscription goes forwards.');
}

function from(request: ReadRequest, start: From): (reader: WireReader) => void {
  return presence(() => {
    request.from = start;
  });
}

function readStreamOptions(reader: WireReader, request: ReadRequest): void {
  request.stream = '';
  readFields(reader, {
    1: (each) => {
      request.stream = readStreamName(each.message());
    },
    2: (each) => {
      request.from = readPlace(each);
    },
    3: from(request, 'start'),
    4: from(request, 'end'),
  });
  if (request.stream === '') throw invalidArgument('The name of the stream is missing.');
}

function readAllOptions(reader: WireReader, request: ReadRequest): void {
  const position = {
    1: (each: WireReader) => {
      request.from = readPlace(each);
    },
  };
  readFields(reader, {
    1: (each) => readFields(each.message(), position),
    2: from(request, 'start'),
    3: from(request, 'end'),
  });
}

/** A revision or a position; the largest number there is stands for the end. */
function readPlace(reader: WireReader): From {
  const place = reader.number();
  return place < 2 ** 64 ? place : 'end';
}

function readFilter(reader: WireReader): Filter {
  const filter = { regex: '', prefixes: [] as string[], window: 32, checkpointEvery: 1 };
  let filtered: Filter['on'] | undefined;
  const expression = (on: Filter['on']) => (each: WireReader) => {
    filtered = on;
    readFields(each.message(), {
      1: (part) => {
        filter.regex = part.text();
      },
      2: (part) => filter.prefixes.push(part.text()),
    });
  };
  readFields(reader, {
    1: expression('stream'),
    2: expression('type'),
    3: (each) => {
      filter.window = Math.max(1, each.number());
    },
    5: (each) => {
      filter.checkpointEvery = Math.max(1, each.number());
    },
  });
  if (filtered === undefined) throw invalidArgument('A filter is by event type or by stream name.');
  return { ...filter, on: filtered };
}
