import type { ErrorRequestHandler } from 'express';
import { z } from 'zod';

/** The id of a business phone number. */
export const ChannelId = z.string().regex(/^\d+$/, 'digits of a phone number id');

/** A refusal of the control API, answered as RFC 9457 problem details. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** Reads a request, or throws a 422 that names every fault and, for unknown fields, the known ones. */
export function read<S extends z.ZodObject>(schema: S, input: unknown): z.infer<S> {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? unknownFields(issue, Object.keys(schema.shape))
      : `${issue.path.join('.') || 'body'}: ${issue.message}`,
  );
  throw new Problem(422, 'request.invalid', faults.join('; '));
}

function unknownFields({ keys, path }: z.core.$ZodIssueUnrecognizedKeys, known: string[]): string {
  const named = keys.map((key) => [...path, key].join('.')).join(', ');
  return path.length > 0 ? `unknown field ${named}` : `unknown field ${named} (known: ${known.join(', ')})`;
}

/** Answers whatever a route threw. */
export const answerProblem: ErrorRequestHandler = (error, _req, res, _next) => {
  const status: number = error.status ?? 500;
  const code = error instanceof Problem ? error.code : status < 500 ? 'request.invalid' : 'simulator.fault';
  const title = code.replace(/[._]/g, ' ');
  res
    .status(status)
    .type('application/problem+json')
    .json({ type: 'about:blank', title, status, detail: error.message, code });
};
