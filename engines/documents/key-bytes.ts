/** Collects the bytes of one key. */
export class KeyBytes {
  private buf = Buffer.allocUnsafe(128);
  length = 0;

  private room(size: number): number {
    const start = this.length;
    this.length += size;
    if (this.length > this.buf.length) {
      const bigger = Buffer.allocUnsafe(Math.max(this.length, this.buf.length * 2));
      this.buf.copy(bigger, 0, 0, start);
      this.buf = bigger;
    }
    return start;
  }

  byte(value: number): void {
    const at = this.room(1);
    this.buf[at] = value;
  }

  copy(source: Buffer, from: number, to: number): void {
    const at = this.room(to - from);
    source.copy(this.buf, at, from, to);
  }

  unsigned32(value: number): void {
    const at = this.room(4);
    this.buf.writeUInt32BE(value, at);
  }

  unsigned64(value: bigint): void {
    const at = this.room(8);
    this.buf.writeBigUInt64BE(value, at);
  }

  /** A double so that the order of bytes is the order of numbers; NaN comes first. */
  double(value: number): void {
    const at = this.room(8);
    if (Number.isNaN(value)) {
      this.buf.fill(0, at, at + 8);
      return;
    }
    this.buf.writeDoubleBE(value === 0 ? 0 : value, at);
    if (this.buf[at]! < 128) this.buf[at] = this.buf[at]! | 128;
    else this.invert(at);
  }

  /** Bytes that may hold zeros, so that no other text's encoding begins with this one's. */
  terminated(source: Buffer, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const byte = source[i]!;
      this.byte(byte);
      if (byte === 0) this.byte(255);
    }
    this.byte(0);
  }

  invert(from: number): void {
    for (let i = from; i < this.length; i += 1) this.buf[i] = 255 - this.buf[i]!;
  }

  done(): Buffer {
    return Buffer.from(this.buf.subarray(0, this.length));
  }
}
