/** A refusal in Meta's shape; programs act on `code`, people read `details`. */
export class GraphError extends Error {
  readonly code: number;
  readonly status: number;
  readonly details: string;

  /** The status is the one Meta gives that code, unless another is wanted. */
  constructor(code: number, details: string, status?: number) {
    const [usual, message] = known.get(code) ?? [400, 'Request refused'];
    super(`(#${code}) ${message}`);
    this.code = code;
    this.status = status ?? usual;
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

const known: ReadonlyMap<number, readonly [status: number, message: string]> = new Map([
  [1, [500, 'An unknown error occurred']],
  [4, [429, 'Application request limit reached']],
  [100, [400, 'Invalid parameter']],
  [190, [401, 'Invalid OAuth access token']],
  [613, [429, 'Calls to this API have exceeded the rate limit']],
  [80007, [429, 'Rate limit issues']],
  [130429, [429, 'Rate limit hit']],
  [131000, [500, 'Something went wrong']],
  [131016, [500, 'Service unavailable']],
  [131044, [400, 'No valid payment method']],
  [131047, [400, 'Re-engagement message']],
  [131055, [400, 'Method not allowed']],
  [131056, [429, 'Pair rate limit hit']],
  [132000, [400, 'Number of parameters does not match the expected number of params']],
  [132001, [404, 'Template name does not exist in the translation']],
  [132015, [400, 'Template is paused']],
  [132016, [400, 'Template is disabled']],
  [138000, [401, 'Calling not enabled']],
  [138001, [400, 'Receiver uncallable']],
  [138002, [429, 'Limit of concurrent calls reached']],
  [138003, [400, 'Duplicate call']],
  [138004, [500, 'Connection error']],
  [138005, [429, 'Call rate limit exceeded']],
  [138006, [401, 'No approved call permission from the recipient']],
  [138007, [500, 'Connection timeout']],
  [138009, [400, 'Call permission request limit hit']],
  [138012, [400, 'Business-initiated calls limit hit']],
  [138013, [400, 'Business-initiated calling is not available']],
  [138014, [400, 'Calling is temporarily disabled']],
  [138015, [400, 'Calling cannot be enabled']],
  [138017, [400, 'Call permission request not needed']],
  [138018, [400, 'Calling cannot be enabled without a subscription']],
]);
