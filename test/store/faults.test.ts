import {
  AccessDeniedError,
  CancelledError,
  type CommandError,
  DeadlineExceededError,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  UnknownError,
} from '@eventstore/db-client';
import { expect, test } from 'vitest';
import { isTransient, patiently } from '../../store/faults.ts';

test.each<[string, unknown, boolean]>([
  ['a server that is down', new UnavailableError(), true],
  ['a server that is going down', new CancelledError(), true],
  ['a server that was too slow', new DeadlineExceededError(), true],
  ['a server that was too slow to begin', new TimeoutError(), true],
  ['a connection that broke in a message', new UnknownError(), true],
  ['a connection that the server broke off', Object.assign(new UnknownError(), { code: 13 }), true],
  ['a request that makes no sense to the server', Object.assign(new UnknownError(), { code: 3 }), false],
  ['a call that the server does not know', Object.assign(new UnknownError(), { code: 12 }), false],
  ['a fault the client did not convert', Object.assign(new Error('14 UNAVAILABLE'), { code: 14 }), true],
  ['a cluster without a leader', new Error('Failed to discover after 10 attempts.'), true],
  ['a caller without the right', new AccessDeniedError(), false],
  ['a stream that does not exist', new StreamNotFoundError(), false],
  ['a request the server refuses', Object.assign(new Error('3 INVALID_ARGUMENT'), { code: 3 }), false],
  ['a mistake of ours', new TypeError('undefined is not a function'), false],
  ['what is no error at all', 'UNAVAILABLE', false],
])('tells whether %s passes by itself', (_, fault, expected) => {
  expect(isTransient(fault)).toBe(expected);
});

const failing = (faults: readonly CommandError[]) => {
  let attempts = 0;
  const work = async () => {
    const fault = faults[attempts++];
    if (fault) throw fault;
    return attempts;
  };
  return { work, attempts: () => attempts };
};

test('tries again what fails for a while, and once only what would fail for ever', async () => {
  const shortly = failing([new UnavailableError(), new CancelledError()]);
  expect(await patiently(shortly.work)).toBe(3);
  const forever = failing([new AccessDeniedError(), new AccessDeniedError()]);
  await expect(patiently(forever.work)).rejects.toThrow(AccessDeniedError);
  expect(forever.attempts()).toBe(1);
});
