/** A message whose bytes are not what its type says; the caller sent it wrong. */
export class MalformedMessage extends Error {}

/** The wire type of text, bytes and messages. */
export const LENGTH_DELIMITED = 2;

/** Reads protobuf wire format from `bytes`, field by field; throws MalformedMessage where the bytes make no sense. */
export class WireReader {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;
  private type = 0;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** The next field's number, or 0 at the end of the message. */
  field(): number {
    if (this.at >= this.end) return 0;
    const tag = this.rawVarint();
    this.type = tag % 8;
    const field = Math.floor(tag / 8);
    if (field === 0) throw new MalformedMessage('field number 0');
    return field;
  }

  /** The current field as a number; beyond 2^53 it is the nearest double. */
  number(): number {
    if (this.type !== 0) throw new MalformedMessage(`wire type ${this.type} where a number belongs`);
    return this.rawVarint();
  }

  /** The current field as an exact unsigned 64-bit integer. */
  bigint(): bigint {
    if (this.type !== 0) throw new MalformedMessage(`wire type ${this.type} where a number belongs`);
    const start = this.at;
    this.rawVarint();
    let value = 0n;
    for (let at = this.at - 1; at >= start; at--) value = (value << 7n) | BigInt(this.bytes[at]! & 0x7f);
    return BigInt.asUintN(64, value);
  }

  /** The current field's bytes, as a view of the message. */
  view(): Buffer {
    const inner = this.message();
    return inner.bytes.subarray(inner.at, inner.end);
  }

  text(): string {
    const inner = this.message();
    return inner.bytes.toString('utf8', inner.at, inner.end);
  }

  /** A reader over the current field, an embedded message. */
  message(): WireReader {
    const end = this.lengthDelimitedEnd();
    const inner = new WireReader(this.bytes, this.at, end);
    this.at = end;
    return inner;
  }

  /** Passes over the current field. */
  skip(): void {
    if (this.type === 0) this.rawVarint();
    else if (this.type === LENGTH_DELIMITED) this.at = this.lengthDelimitedEnd();
    else if (this.type === 1) this.at += 8;
    else if (this.type === 5) this.at += 4;
    else throw new MalformedMessage(`wire type ${this.type}`);
    if (this.at > this.end) throw new MalformedMessage('message ends inside a field');
  }

  private lengthDelimitedEnd(): number {
    if (this.type !== LENGTH_DELIMITED) throw new MalformedMessage(`wire type ${this.type} where bytes belong`);
    const length = this.rawVarint();
    if (length > this.end - this.at) throw new MalformedMessage('message ends inside a field');
    return this.at + length;
  }

  private rawVarint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= this.end) throw new MalformedMessage('message ends inside a number');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new MalformedMessage('number longer than ten bytes');
  }
}

/** Reads every field of the message with the reader given for its number; skips the others. */
export function readFields(message: WireReader, fields: Readonly<Record<number, (reader: WireReader) => void>>): void {
  for (let field = message.field(); field !== 0; field = message.field()) {
    const read = fields[field];
    if (read === undefined) message.skip();
    else read(message);
  }
}

/** Reads a field that says something by being there. */
export function presence(say: () => void): (reader: WireReader) => void {
  return (reader) => {
    say();
    reader.skip();
  };
}
