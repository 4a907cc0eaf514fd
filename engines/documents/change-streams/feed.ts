import { setImmediate as breathe } from 'node:timers/promises';
import type { StageSpec } from '../aggregate/pipeline.ts';
import { idOf, isDocument, type Value } from '../bson/value.ts';
import type { Feed } from '../cursors.ts';
import { DocumentError } from '../errors.ts';
import type { Store } from '../storage/store.ts';
import { invalidation, told } from './events.ts';
import { optionsOf } from './options.ts';
import { concerns, ends, type Scope } from './scope.ts';
import { changesThrough } from './stages.ts';
import { type Token, tokenDocument } from './token.ts';

const historyLost = (): DocumentError =>
  new DocumentError(
    'ChangeStreamHistoryLost',
    'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
    { errorLabels: ['NonResumableChangeStreamError'] },
  );

const usualWaitMillis = 1000;
const pageSize = 1000;

/** The changes of a collection or database as they become durable, from a point in the past if one is given. */
class ChangeFeed implements Feed {
  isDone = false;
  private position: bigint;
  private token: Value;
  private waiting: Value[] = [];
  private hasEnded = false;
  private readonly stopped = new AbortController();
  private readonly store: Store;
  private readonly scope: Scope;
  private readonly looksUp: boolean;
  private readonly through: (docs: readonly Value[]) => Value[];

  constructor(store: Store, scope: Scope, spec: Value, rest: readonly StageSpec[]) {
    this.through = changesThrough(rest);
    const { start, looksUp } = optionsOf(store, spec);
    this.looksUp = looksUp;
    this.position = start.position;
    this.token = tokenDocument(start.position);
    this.store = store;
    this.scope = scope;
    if (!store.oplog.remembers(this.position)) throw historyLost();
    this.endAtStart(start);
  }

  /** A stream that resumes after the very change that ended it ends at once. */
  private endAtStart({ position, isInvalidate }: Token): void {
    if (isInvalidate) return;
    const [last] = this.store.oplog.after(position - 1n, 1);
    if (last?.position !== position) return;
    if (!concerns(last.event, this.scope) || !ends(last.event, this.scope)) return;
    this.waiting = this.through([invalidation(last)]);
    this.hasEnded = true;
  }

  get resumeToken(): Value {
    return this.token;
  }

  private read(): void {
    if (!this.store.oplog.remembers(this.position)) throw historyLost();
    const found: Value[] = [];
    for (const entry of this.store.oplog.after(this.position, pageSize)) {
      this.position = entry.position;
      if (!concerns(entry.event, this.scope)) continue;
      found.push(told(this.store, entry, this.looksUp));
      if (!ends(entry.event, this.scope)) continue;
      found.push(invalidation(entry));
      this.hasEnded = true;
      break;
    }
    this.waiting.push(...this.through(found));
  }

  /** Waits for a commit, but not for long. Not with `AbortSignal.timeout`: inside `AbortSignal.any`, Node 20 may collect it. */
  private news(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const { oplog } = this.store;
      const { signal } = this.stopped;
      const done = () => {
        clearTimeout(timer);
        oplog.off('commit', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, millis);
      oplog.on('commit', done);
      signal.addEventListener('abort', done);
    });
  }

  /** Reads until there is something to tell or the time is over. */
  private async fill(until: number): Promise<void> {
    while (this.waiting.length === 0 && !this.hasEnded && !this.stopped.signal.aborted) {
      this.read();
      const left = until - performance.now();
      if (this.waiting.length > 0 || left <= 0) return;
      const isCaughtUp = this.position >= this.store.oplog.committed;
      await (isCaughtUp ? this.news(Math.ceil(left)) : breathe());
    }
  }

  async next(most: number, maxTimeMs: number | undefined): Promise<Value[]> {
    await this.fill(performance.now() + (maxTimeMs ?? usualWaitMillis));
    this.stopped.signal.throwIfAborted();
    const docs = this.waiting.splice(0, most);
    const last = docs.at(-1);
    const lastToken = last && idOf(last);
    this.token = this.waiting.length > 0 && isDocument(lastToken) ? lastToken : this.caughtUp(lastToken);
    this.isDone = this.hasEnded && this.waiting.length === 0;
    return docs;
  }

  private caughtUp(lastToken: Value | undefined): Value {
    return this.hasEnded && isDocument(lastToken) ? lastToken : tokenDocument(this.position);
  }

  close(error?: DocumentError): void {
    this.isDone = true;
    this.stopped.abort(error);
  }
}

/** Opens a change stream; `rest` are the stages after `$changeStream`. */
export const changeFeed = (store: Store, scope: Scope, spec: Value, rest: readonly StageSpec[]): Feed =>
  new ChangeFeed(store, scope, spec, rest);
