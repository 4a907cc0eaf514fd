import type { Caller, Verify } from '../http/caller.ts';
import { Problem } from '../http/problem.ts';
import { FrameError } from './frames.ts';

const longestTimer = 2_147_483_647;

/** Who speaks on a socket, for as long as their token is good. Tokens run out by the real clock. */
export const identity = ({ verify, expired }: { verify: Verify; expired(): void }) => {
  let caller: Caller | null = null;
  let timer: NodeJS.Timeout | undefined;

  const expireAt = (exp: number | undefined) => {
    clearTimeout(timer);
    if (exp === undefined) return;
    timer = setTimeout(expired, Math.min(Math.max(exp * 1_000 - Date.now(), 0), longestTimer));
  };

  return {
    /** Takes a token, the first one or a newer one of the same person; a bad one is a `FrameError`. */
    async admit(token: string): Promise<Caller> {
      const next = await verify(token).catch((error: unknown) => {
        throw error instanceof Problem ? new FrameError(error.code, error.message) : error;
      });
      if (caller && (next.sub !== caller.sub || next.store !== caller.store))
        throw new FrameError('auth.other_identity', 'the token is of somebody else: open another socket for them');
      caller = next;
      expireAt(next.exp);
      return next;
    },
    /** Throws a `FrameError` before the first token. */
    caller(): Caller {
      if (caller) return caller;
      throw new FrameError('hello.required', 'the first frame must be hello');
    },
    isKnown: () => caller !== null,
    end: () => clearTimeout(timer),
  };
};
