import { createContext, Script } from 'node:vm';
import { DocumentError } from '../errors.ts';

/** How long a single match may take, in milliseconds; everybody waits for it. */
const longestMillis = 500;

const place = createContext({ match: (): boolean => false });
const script = new Script('match()');

const isTimeout = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/** The answer of a match; one that takes too long is broken off and fails. Watching costs a tenth of a millisecond. */
export const withinLimit = (match: () => boolean): boolean => {
  place.match = match;
  try {
    return script.runInContext(place, { timeout: longestMillis });
  } catch (error) {
    if (!isTimeout(error)) throw error;
    const text = 'Error occurred while executing the regular expression in $regex. Result code: match limit exceeded';
    throw new DocumentError(51156, text);
  }
};
