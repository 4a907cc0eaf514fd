import { createHash, randomUUID } from 'node:crypto';
import { type Collection, type Db, MongoServerError } from 'mongodb';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Caller } from '../http/caller.ts';
import { Problem } from '../http/problem.ts';
import { pause } from '../store/back-off.ts';
import { uuidFrom } from '../store/ids.ts';
import { type IdempotencyKey, idempotencyKeys } from './collections.ts';

export type Done = { readonly status: number; readonly body: object };

/** A request as its key sees it; `content` is everything that must be the same for the key to mean the same. */
export type Keyed = { readonly caller: Caller; readonly key: string | undefined; readonly content: unknown };

const patience = 5_000;
const lookEvery = 25;

type Run = (commandId: string) => Promise<Done | Refusal>;
type Attempt = { readonly keys: Collection<IdempotencyKey>; readonly _id: string; readonly runner: string };

/**
 * Runs a command once per `Idempotency-Key` (24 h): the same key and content again gets the first answer, another content
 * the problem `idempotency.key_reused`. Whoever comes while the first runs waits for its answer. After a crash the repeat
 * runs again under the same command id, so it writes nothing twice. Only successes are kept: what a rule refused
 * today may be allowed tomorrow, so a refused key is free again.
 */
export const idempotent =
  (db: Db) =>
  async ({ caller: { store, sub }, key, content }: Keyed, run: Run): Promise<Done | Refusal> => {
    if (key === undefined) return run(randomUUID());
    const keys = idempotencyKeys(db);
    const _id = uuidFrom('idempotency', store, sub, key);
    const fingerprint = createHash('sha256').update(JSON.stringify(content)).digest('hex');
    const runner = randomUUID();
    const first = { _id, store, sub, key, fingerprint, runner, answer: null };
    for (;;) {
      const commandId = randomUUID();
      if (await isEntered(keys, { ...first, commandId, createdAt: new Date() })) {
        return runOnce({ keys, _id, runner }, commandId, run);
      }
      const settled = await othersAnswer({ keys, _id, runner }, first, run);
      if (settled) return settled;
    }
  };

const isEntered = async (keys: Collection<IdempotencyKey>, document: IdempotencyKey): Promise<boolean> => {
  try {
    await keys.insertOne(document);
    return true;
  } catch (fault) {
    if (fault instanceof MongoServerError && fault.code === 11_000) return false;
    throw fault;
  }
};

const runOnce = async ({ keys, _id, runner }: Attempt, commandId: string, run: Run): Promise<Done | Refusal> => {
  try {
    const answer = await run(commandId);
    if (isRefusal(answer)) await keys.deleteOne({ _id, runner });
    else {
      const stored = { status: answer.status, body: JSON.stringify(answer.body) };
      await keys.updateOne({ _id, runner }, { $set: { answer: stored, runner: null } });
    }
    return answer;
  } catch (fault) {
    await keys.updateOne({ _id, runner }, { $set: { runner: null } }).catch(() => {}); // else patience runs out
    throw fault;
  }
};

/** The answer of whoever was first, or ours in place of one that failed or fell silent; `null` when theirs was refused. */
const othersAnswer = async (
  { keys, _id, runner }: Attempt,
  { key, fingerprint }: Pick<IdempotencyKey, 'key' | 'fingerprint'>,
  run: Run,
): Promise<Done | Refusal | null> => {
  const deadline = performance.now() + patience;
  for (;;) {
    const present = await keys.findOne({ _id });
    if (!present) return null;
    if (present.fingerprint !== fingerprint) throw reused(key);
    if (present.answer) return { status: present.answer.status, body: JSON.parse(present.answer.body) };
    if (present.runner === null || performance.now() > deadline) {
      const taken = await keys.updateOne({ _id, runner: present.runner, answer: null }, { $set: { runner } });
      if (taken.modifiedCount === 1) return runOnce({ keys, _id, runner }, present.commandId, run);
    }
    await pause(lookEvery);
  }
};

const reused = (key: string) =>
  new Problem(
    422,
    'idempotency.key_reused',
    `The Idempotency-Key "${key}" was used for another request; choose a new one.`,
  );
