import { PREFIX } from './event-frame.ts';
import { GrpcError, Status } from './grpc-error.ts';
import { MalformedMessage } from './wire.ts';

const LARGEST_MESSAGE = 17 * 1024 * 1024;

/** Cuts a stream of bytes into gRPC messages, without their prefix. */
export class MessageSplitter {
  private chunks: Buffer[] = [];
  private size = 0;

  /** Takes the next bytes and gives the messages they complete. */
  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size < this.needed()) return [];
    return this.split(this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks));
  }

  /** There are no more bytes; throws if the last message is not complete. */
  end(): void {
    if (this.size > 0) throw new MalformedMessage('it ends inside a message');
  }

  private needed(): number {
    const first = this.chunks[0]!;
    return first.length < PREFIX ? PREFIX : PREFIX + checkedLength(first, 0);
  }

  private split(bytes: Buffer): Buffer[] {
    const messages: Buffer[] = [];
    let at = 0;
    while (bytes.length - at >= PREFIX) {
      const end = at + PREFIX + checkedLength(bytes, at);
      if (end > bytes.length) break;
      messages.push(bytes.subarray(at + PREFIX, end));
      at = end;
    }
    const rest = bytes.subarray(at);
    this.chunks = rest.length === 0 ? [] : [rest];
    this.size = rest.length;
    return messages;
  }
}

function checkedLength(bytes: Buffer, at: number): number {
  if (bytes[at] !== 0) throw new GrpcError(Status.unimplemented, 'Compressed messages are not supported.');
  const length = bytes.readUInt32BE(at + 1);
  if (length > LARGEST_MESSAGE)
    throw new GrpcError(Status.resourceExhausted, `A message has ${length} bytes, more than ${LARGEST_MESSAGE}.`);
  return length;
}
