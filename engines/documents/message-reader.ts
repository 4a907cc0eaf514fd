import { headerSize, type Message, readMessage } from './wire.ts';

const largestMessage = 48_000_000;

/** Cuts a stream of bytes into messages. */
export class MessageReader {
  private chunks: Buffer[] = [];
  private size = 0;

  /** The messages completed by these bytes; throws a RangeError at bytes that are no message. */
  push(chunk: Buffer): Message[] {
    this.chunks.push(chunk);
    this.size += chunk.length;
    const messages: Message[] = [];
    for (let whole = this.takeOne(); whole; whole = this.takeOne()) messages.push(readMessage(whole));
    return messages;
  }

  private joined(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0]!;
  }

  private wanted(): number {
    const first = this.chunks[0];
    if (!first || this.size < 4) return Number.POSITIVE_INFINITY;
    const length = (first.length >= 4 ? first : this.joined()).readInt32LE(0);
    if (length < headerSize || length > largestMessage) throw new RangeError(`message of ${length} bytes`);
    return length;
  }

  private takeOne(): Buffer | undefined {
    const length = this.wanted();
    if (this.size < length) return undefined;
    const all = this.joined();
    this.chunks = all.length > length ? [all.subarray(length)] : [];
    this.size -= length;
    return all.subarray(0, length);
  }
}
