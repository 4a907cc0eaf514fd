import type { Refusal } from '../domain/decider.ts';
import { present } from './present.ts';

/** An answer that is not a success: RFC 9457 problem details with a stable, dotted `code`. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    { facts = {}, headers = {} }: { facts?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.facts = facts;
    this.headers = headers;
  }

  toJSON() {
    const { status, code, message, facts } = this;
    return { type: `urn:ringbook:problem:${code}`, title: titleOf(code), status, detail: message, code, ...facts };
  }
}

/** `permission.request_limit_24h` reads "Permission: request limit 24h". */
const titleOf = (code: string) => {
  const words = code.replace('.', ': ').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** What does not exist for this caller: another store's data looks the same as none. */
export const notFound = (what: string) => new Problem(404, 'not_found', `There is no such ${what}.`);

/** A rule's "no" as an answer: 404 for what is unknown, else 409, with `nextAllowedAt` where waiting helps. */
export const refusalProblem = ({ refused, retryAt, facts }: Refusal): Problem => {
  if (refused.endsWith('.unknown')) return notFound(refused.split('.')[0]!);
  const nextAllowedAt = retryAt === undefined ? undefined : new Date(retryAt).toISOString();
  const detail = nextAllowedAt ? `${titleOf(refused)}. Allowed again at ${nextAllowedAt}.` : `${titleOf(refused)}.`;
  return new Problem(409, refused, detail, {
    facts: { ...(present(facts ?? {}) as object), ...(nextAllowedAt && { nextAllowedAt }) },
  });
};
