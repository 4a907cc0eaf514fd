import { JSON_FIELD, PREFIX } from './event-frame.ts';
import { MalformedMessage } from './wire.ts';

/** An event read out of its frame, piece by piece as it is asked for; the layout is the one `writeFrame` gives it. */
export class StoredEvent {
  readonly revision: number;
  readonly position: number;
  /** Where the RecordedEvent begins and ends in the frame. */
  private readonly start: number;
  private readonly end: number;
  private readonly streamStart: number;
  private readonly streamEnd: number;
  private readonly headers: number;
  private readonly frame: Buffer;
  private at = PREFIX;

  /** Throws MalformedMessage if `frame` is not a frame of the log. */
  constructor(frame: Buffer) {
    this.frame = frame;
    this.lengthOf(0x0a);
    const length = this.lengthOf(0x0a);
    this.start = this.at;
    this.end = this.at + length;
    this.at += 40;
    this.lengthOf(0x12);
    const nameLength = this.lengthOf(0x1a);
    this.streamStart = this.at;
    this.streamEnd = this.at + nameLength;
    this.at = this.streamEnd;
    this.revision = this.lengthOf(0x18);
    this.position = this.lengthOf(0x20);
    this.lengthOf(0x28);
    this.headers = this.at;
  }

  /** The number behind the tag expected next: a length or a value. */
  private lengthOf(tag: number): number {
    const { frame } = this;
    if (frame[this.at++] !== tag) throw new MalformedMessage(`no field with tag ${tag} at ${this.at - 1}`);
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = frame[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  get id(): string {
    return this.frame.toString('latin1', this.start + 4, this.start + 40);
  }

  get stream(): string {
    return this.frame.toString('utf8', this.streamStart, this.streamEnd);
  }

  get type(): string {
    return this.header(0, 'type');
  }

  get isJson(): boolean {
    this.header(0, 'type');
    return this.frame.subarray(this.at, this.at + JSON_FIELD.length).equals(JSON_FIELD);
  }

  /** Milliseconds since 1970. */
  get createdAt(): number {
    return Number(this.header(2, 'created').slice(0, -4));
  }

  get metadata(): Buffer {
    return this.tail(0x3a);
  }

  get data(): Buffer {
    return this.tail(0x42);
  }

  /** The bytes of the RecordedEvent. */
  get recorded(): Buffer {
    return this.frame.subarray(this.start, this.end);
  }

  private skip(): void {
    const length = this.lengthOf(0x32);
    this.at += length;
  }

  /** The value of header number `place`, whose key is `key`; leaves `at` behind it. */
  private header(place: number, key: string): string {
    this.at = this.headers;
    for (let passed = 0; passed < place; passed++) this.skip();
    this.lengthOf(0x32);
    this.at += 2 + key.length;
    const length = this.lengthOf(0x12);
    this.at += length;
    return this.frame.toString('utf8', this.at - length, this.at);
  }

  /** The field with this tag among those behind the headers; empty if it is not there. */
  private tail(tag: number): Buffer {
    this.header(2, 'created');
    while (this.at < this.end) {
      const isIt = this.frame[this.at] === tag;
      const start = this.at;
      const length = this.lengthOf(this.frame[start]!);
      this.at += length;
      if (isIt) return this.frame.subarray(this.at - length, this.at);
    }
    return this.frame.subarray(0, 0);
  }
}
