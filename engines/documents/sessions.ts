import { binary, encode, toValue } from './bson/build.ts';
import { toInteger, toNumber } from './bson/number.ts';
import { documentAt, field, isDocument, items, text, type Value } from './bson/value.ts';
import { DocumentError } from './errors.ts';
import type { Store } from './storage/store.ts';
import type { Outcome } from './writes/operations.ts';

const lifeMillis = 30 * 60_000;

/** Which write of which session a command is. */
export interface RetryableWrite {
  readonly session: Buffer;
  readonly number: bigint;
}

/** The id of the session a command belongs to. */
export const sessionOf = (lsid: Value | undefined): Buffer | undefined => {
  const id = isDocument(lsid) ? field(lsid, 'id') : undefined;
  return id && Buffer.from(id.buf.subarray(id.start + 5, id.end));
};

const isPlain = ({ n, modified, upsertedId, value, error }: Outcome): boolean =>
  n <= 1 && modified <= 1 && !upsertedId && !value && !error;

const storedOutcome = ({ n, modified, upsertedId, value, error }: Outcome, index: number) => ({
  index,
  n,
  modified,
  upsertedId,
  value,
  error: error && { code: error.code, message: error.message, details: error.details },
});

/** Most outcomes fit a byte: whether a document was found and whether it was modified. The others are stored in full. */
const storedOutcomes = (outcomes: readonly Outcome[]) => ({
  plain: binary(Buffer.from(outcomes.map(({ n, modified }) => Math.min(n, 1) + 2 * Math.min(modified, 1)))),
  others: outcomes.flatMap((outcome, i) => (isPlain(outcome) ? [] : [storedOutcome(outcome, i)])),
});

const loadError = (doc: Value): DocumentError => {
  const details = Object.fromEntries(
    ['keyPattern', 'keyValue'].map((name) => [name, field(field(doc, 'details')!, name)]),
  );
  return new DocumentError(toNumber(field(doc, 'code')!), text(field(doc, 'message')!), details);
};

const loadOutcome = (doc: Value): Outcome => {
  const [upsertedId, value, error] = [field(doc, 'upsertedId'), field(doc, 'value'), field(doc, 'error')];
  return {
    n: toNumber(field(doc, 'n')!),
    modified: toNumber(field(doc, 'modified')!),
    ...(upsertedId ? { upsertedId } : {}),
    ...(value ? { value } : {}),
    ...(error ? { error: loadError(error) } : {}),
  };
};

const loadOutcomes = (doc: Value): Outcome[] => {
  const plain = field(doc, 'plain')!;
  const bytes = [...plain.buf.subarray(plain.start + 5, plain.end)];
  const outcomes: Outcome[] = bytes.map((byte) => ({ n: byte & 1, modified: byte >> 1 }));
  for (const other of items(field(doc, 'others')!)) outcomes[toNumber(field(other, 'index')!)] = loadOutcome(other);
  return outcomes;
};

/** What the last retryable write of each session did, so that a repeated one is answered and not done again. */
export class Sessions {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** The outcomes an earlier attempt of this write has committed; none for a new one. */
  earlier({ session, number }: RetryableWrite): Outcome[] {
    const stored = this.store.env.sessions.getBinary(session);
    if (!stored) return [];
    const doc = documentAt(stored);
    const last = toInteger(field(doc, 'number')!)!;
    if (number < last) {
      const message = `Retryable write with txnNumber ${number} is prohibited on session because a newer retryable write with txnNumber ${last} has already started on this session.`;
      throw new DocumentError('TransactionTooOld', message);
    }
    return number === last ? loadOutcomes(doc) : [];
  }

  /** Keeps the outcomes so far. Inside the transaction that made them. */
  remember({ session, number }: RetryableWrite, outcomes: readonly Outcome[]): void {
    const stored = encode({ number: toValue(number), at: new Date(), ...storedOutcomes(outcomes) });
    this.store.env.sessions.putSync(session, stored);
  }

  /** Forgets sessions that have been silent for half an hour. */
  async expire(): Promise<void> {
    const limit = Date.now() - lifeMillis;
    const old: Buffer[] = [];
    for (const { key, value } of this.store.env.sessions.getRange()) {
      const at = field(documentAt(value), 'at')!;
      if (Number(at.buf.readBigInt64LE(at.start)) < limit) old.push(key);
    }
    if (old.length > 0)
      await this.store.write(() => old.forEach((key) => void this.store.env.sessions.removeSync(key)));
  }
}
