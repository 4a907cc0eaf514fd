import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Bell } from './changes.ts';
import { GrpcError, invalidArgument, Status, trailersOf } from './grpc-error.ts';
import { millisecondsOf } from './grpc-timeout.ts';
import { MessageSplitter } from './message-splitter.ts';
import { MalformedMessage } from './wire.ts';

const OPENING = { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-accept-encoding': 'identity' };
const SENDS_PER_TURN = 8;

/** One gRPC call on an HTTP/2 stream: messages in, messages out, and how it ends. */
export class GrpcCall {
  /** `/service/Method`. */
  readonly path: string;
  private readonly stream: ServerHttp2Stream;
  private readonly endings = new Set<() => void>();
  private readonly room = new Bell();
  private trailers: Record<string, string> = { 'grpc-status': '0' };
  private hasEnded = false;
  private sends = 0;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.stream = stream;
    this.path = headers[':path'] ?? '';
    stream.on('error', () => {});
    stream.on('drain', this.room.ring);
    stream.on('close', () => this.end());
    stream.on('wantTrailers', () => stream.sendTrailers(this.trailers));
    this.limit(headers['grpc-timeout']);
  }

  /** Ends the call when the time is over that its caller gave it. */
  private limit(timeout: string | string[] | undefined): void {
    const milliseconds = millisecondsOf(String(timeout));
    if (milliseconds === undefined) return;
    const timer = setTimeout(
      () => this.fail(new GrpcError(Status.deadlineExceeded, 'Deadline Exceeded')),
      milliseconds,
    );
    this.onEnd(() => clearTimeout(timer));
  }

  /** Whether the caller has gone or was answered to the end; a caller that broke off has not said all it wanted to. */
  get isOver(): boolean {
    return this.hasEnded || this.stream.closed || this.stream.destroyed;
  }

  /** Calls `ending` when the call is over; at once if it is. */
  onEnd(ending: () => void): void {
    if (this.isOver) ending();
    else this.endings.add(ending);
  }

  private end(): void {
    this.hasEnded = true;
    this.room.ring();
    for (const ending of this.endings) ending();
    this.endings.clear();
  }

  /** Hands every message of the caller to `take` and calls `end` behind the last; what they throw fails the call. */
  onMessages(take: (message: Buffer) => void, end: () => void): void {
    const splitter = new MessageSplitter();
    this.stream.on('data', (chunk: Buffer) => this.guard(() => splitter.push(chunk).forEach(take)));
    this.stream.on('end', () =>
      this.guard(() => {
        splitter.end();
        end();
      }),
    );
  }

  private guard(work: () => void): void {
    if (this.isOver) return;
    try {
      work();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Calls `take` with the caller's only message. */
  onMessage(take: (message: Buffer) => void): void {
    let message: Buffer | undefined;
    this.onMessages(
      (each) => {
        if (message !== undefined) throw invalidArgument('The request has more than one message.');
        message = each;
      },
      () => {
        if (message === undefined) throw invalidArgument('The request has no message.');
        take(message);
      },
    );
  }

  /** Takes no more messages until `resume`. */
  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  /** Sends complete gRPC messages, however slow the caller is. */
  write(messages: Buffer): void {
    if (this.isOver) return;
    if (!this.stream.headersSent) this.stream.respond(OPENING, { waitForTrailers: true });
    this.stream.write(messages);
  }

  /** Sends complete gRPC messages and waits until the caller takes more, or is gone. */
  async send(messages: Buffer): Promise<void> {
    this.write(messages);
    if (++this.sends % SENDS_PER_TURN === 0) await new Promise((next) => setImmediate(next));
    while (this.stream.writableNeedDrain && !this.isOver) await this.room.wait();
  }

  /** Ends the call with OK, after `last` if given. */
  finish(last?: Buffer): void {
    if (this.isOver) return;
    this.write(last ?? Buffer.alloc(0));
    this.stream.end();
    this.end();
  }

  /** Ends the call with the status that `error` stands for. */
  fail(error: unknown): void {
    if (this.isOver) return;
    this.trailers = trailersOf(asGrpcError(error));
    if (this.stream.headersSent) this.stream.end();
    else this.stream.respond({ ...OPENING, ...this.trailers }, { endStream: true });
    this.stream.resume();
    this.end();
  }

  /** Breaks the call off: the caller sees it cancelled. */
  cancel(): void {
    this.stream.close(constants.NGHTTP2_CANCEL);
    this.end();
  }
}

function asGrpcError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof MalformedMessage) return invalidArgument(`The request is malformed: ${message}.`);
  return new GrpcError(Status.internal, message);
}
