/** A refusal in Meta's shape; programs act on `code`, people read `details`. */
export class GraphError extends Error {
  readonly code: number;
  readonly status: number;
  readonly details: string;

  constructor(code: keyof typeof known, details: string) {
    const [status, message] = known[code];
    super(`(#${code}) ${message}`);
    this.code = code;
    this.status = status;
    this.details = details;
  }

  body(traceId: string) {
    const { message, code, details } = this;
    const type = code === 190 || code === 100 ? 'OAuthException' : 'GraphMethodException';
    return {
      error: { message, type, code, error_data: { messaging_product: 'whatsapp', details }, fbtrace_id: traceId },
    };
  }
}

const known = {
  1: [500, 'An unknown error occurred'],
  100: [400, 'Invalid parameter'],
  190: [401, 'Invalid OAuth access token'],
  131047: [400, 'Re-engagement message'],
  131055: [400, 'Method not allowed'],
  138000: [401, 'Calling not enabled'],
  138001: [400, 'Receiver uncallable'],
  138003: [400, 'Duplicate call'],
  138006: [401, 'No approved call permission from the recipient'],
  138009: [400, 'Call permission request limit hit'],
  138012: [400, 'Business-initiated calls limit hit'],
  138017: [400, 'Call permission request not needed'],
} as const satisfies Record<number, readonly [status: number, message: string]>;
