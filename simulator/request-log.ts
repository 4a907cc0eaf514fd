/** One thing the program under test asked of Meta, and the HTTP status it was answered with, null for no answer. */
export type LoggedRequest = {
  readonly method: string;
  readonly path: string;
  body: unknown;
  status: number | null;
  readonly at: string;
};

const kept = 1_000;

export type RequestLog = ReturnType<typeof createRequestLog>;

/** The last thousand requests, newest last. */
export function createRequestLog() {
  const requests: LoggedRequest[] = [];
  return {
    add: (request: LoggedRequest) => {
      requests.push(request);
      if (requests.length > kept) requests.shift();
    },
    /** Those about one business phone number, or all. */
    list: (phoneNumberId?: string) =>
      requests.filter(({ path }) => phoneNumberId === undefined || path.split('/').includes(phoneNumberId)),
  };
}
