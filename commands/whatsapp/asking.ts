import { z } from 'zod';
import { pause } from '../../store/back-off.ts';
import { type Failed, failedAnswer, type GraphFailure, noAnswer } from './graph-reply.ts';

/** `apiUrl` with its version, e.g. `https://graph.facebook.com/v24.0`; `timeoutMs` per request. */
export type GraphOptions = { readonly apiUrl: string; readonly accessToken: string; readonly timeoutMs?: number };

/** An answer that tells nothing but that it is done. */
export const Done = z.looseObject({});

const connectionError = 138004;
const tooMany = 429;

/** Whether asking once more is safe: surely not done (busy, no connection), or harmless when done twice. */
const mayAskAgain = ({ failure, status }: Failed, failures: number, harmlessTwice: boolean) => {
  if (failures > 2) return false;
  if (status === tooMany) return true;
  if (failure.metaErrorCode === connectionError) return failures === 1;
  return failure.outcome === 'unknown' && harmlessTwice;
};

const longestWait = 2_000;
const waitAfter = ({ waitMs }: Failed, failures: number) => Math.min(longestWait, waitMs ?? 100 * 2 ** failures);

/** Requests to Meta, asked again where that is safe. A failure is an answer. */
export const asking = ({ apiUrl, accessToken, timeoutMs = 8_000 }: GraphOptions) => {
  const base = apiUrl.replace(/\/+$/, '');
  const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };

  const askOnce = async <T>(
    path: string,
    body: object | null,
    schema: z.ZodType<T>,
  ): Promise<T | { failed: Failed }> => {
    try {
      const answer = await fetch(`${base}/${path}`, {
        method: body === null ? 'GET' : 'POST',
        headers,
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await answer.text();
      const json = parseJson(text);
      const parsed = schema.safeParse(json);
      if (answer.ok && parsed.success) return parsed.data;
      return { failed: failedAnswer(answer.status, answer.headers.get('retry-after'), json) };
    } catch (fault) {
      return { failed: noAnswer(fault) };
    }
  };

  const ask = async <T extends object>(
    path: string,
    body: object | null,
    schema: z.ZodType<T>,
    { harmlessTwice = false } = {},
  ): Promise<T | GraphFailure> => {
    for (let failures = 1; ; failures++) {
      const answer = await askOnce(path, body, schema);
      if (!('failed' in answer)) return answer;
      if (!mayAskAgain(answer.failed, failures, harmlessTwice)) return answer.failed.failure;
      await pause(waitAfter(answer.failed, failures));
    }
  };

  /** Of what may be asked twice and tells nothing in return. */
  const done = async (path: string, body: object): Promise<{ ok: true } | GraphFailure> => {
    const answer = await ask(path, body, Done, { harmlessTwice: true });
    return isFailure(answer) ? answer : { ok: true };
  };

  return { ask, done };
};

/** Whether Meta did not do as asked. */
export const isFailure = (answer: object): answer is GraphFailure => 'ok' in answer && answer.ok === false;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
