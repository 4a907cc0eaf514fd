/** gRPC's status codes, as far as this server uses them. */
export const Status = {
  ok: 0,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
} as const;

/** A call that ends with a status other than OK; `trailers` tell the official clients which error to raise. */
export class GrpcError extends Error {
  readonly code: number;
  readonly trailers: Readonly<Record<string, string>>;

  constructor(code: number, message: string, trailers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.trailers = trailers;
  }
}

/** Clients take 64 KiB of trailers at most; two of them can be long. */
const LONGEST_TRAILER = 30_000;

/** The trailers of a call that ended with `error`. */
export function trailersOf(error: GrpcError): Record<string, string> {
  const own = Object.entries(error.trailers).map(([key, value]) => [key, printable(value)] as const);
  const texts = [['grpc-message', encodeURI(error.message)] as const, ...own];
  const short = texts.map(([key, text]) => [key, text.slice(0, LONGEST_TRAILER)] as const);
  return { 'grpc-status': String(error.code), ...Object.fromEntries(short) };
}

/** A trailer's value must be printable ASCII without spaces at its ends, or clients crash: all else is percent-encoded. */
function printable(value: string): string {
  return value.replace(/[^\x20-\x7e]+|^ +| +$/g, encodeURIComponent);
}

export function streamDeleted(stream: string): GrpcError {
  const message = `Event stream '${stream}' is deleted.`;
  return new GrpcError(Status.failedPrecondition, message, { exception: 'stream-deleted', 'stream-name': stream });
}

export function accessDenied(message: string): GrpcError {
  return new GrpcError(Status.permissionDenied, message, { exception: 'access-denied' });
}

export function invalidArgument(message: string): GrpcError {
  return new GrpcError(Status.invalidArgument, message);
}
