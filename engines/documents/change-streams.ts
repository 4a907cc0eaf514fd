import { setImmediate as breathe } from 'node:timers/promises';
import { compilePipeline, type StageSpec } from './aggregate/pipeline.ts';
import { documentValue, encode, encodeElements, type Writable } from './bson/build.ts';
import { truthy } from './bson/compare.ts';
import { elements, field, isDocument, isString, text, type Value } from './bson/value.ts';
import { Arguments } from './commands/arguments.ts';
import type { Feed } from './cursors.ts';
import { DocumentError, notImplemented } from './errors.ts';
import { idKey } from './key-encoding.ts';
import { listSource } from './query/source.ts';
import type { Entry } from './storage/oplog.ts';
import type { Store } from './storage/store.ts';

/** What a change stream watches: one collection, one database, or everything. */
export interface Scope {
  readonly db: string | undefined;
  readonly name: string | undefined;
}

interface Token {
  readonly position: bigint;
  readonly isInvalidate: boolean;
}

const tokenDocument = (position: bigint, isInvalidate = false): Value =>
  documentValue(
    encode({ _data: `82${position.toString(16).toUpperCase().padStart(16, '0')}${isInvalidate ? '01' : '00'}` }),
  );

const readToken = (token: Value): Token => {
  const data = field(token, '_data');
  const match = isString(data) ? /^82([0-9A-F]{16})(0[01])$/i.exec(text(data)) : null;
  if (!match)
    throw new DocumentError(
      'InvalidResumeToken',
      'Bad resume token: the _data of resume token was not a valid KeyString',
    );
  return { position: BigInt(`0x${match[1]}`), isInvalidate: match[2] === '01' };
};

const textAt = (doc: Value, ...names: readonly string[]): string | undefined => {
  let value: Value | undefined = doc;
  for (const name of names) value = isDocument(value) ? field(value, name) : undefined;
  return isString(value) ? text(value) : undefined;
};

const concerns = (event: Value, { db, name }: Scope): boolean => {
  if (db === undefined) return true;
  if (textAt(event, 'ns', 'db') !== db && textAt(event, 'to', 'db') !== db) return false;
  return name === undefined || textAt(event, 'ns', 'coll') === name || textAt(event, 'to', 'coll') === name;
};

const ending: Readonly<Record<'collection' | 'database', ReadonlySet<string>>> = {
  collection: new Set(['drop', 'rename', 'dropDatabase']),
  database: new Set(['dropDatabase']),
};

const ends = (event: Value, { db, name }: Scope): boolean => {
  if (db === undefined) return false;
  return ending[name === undefined ? 'database' : 'collection'].has(textAt(event, 'operationType')!);
};

const historyLost = (): DocumentError =>
  new DocumentError(
    'ChangeStreamHistoryLost',
    'Resume of change stream was not possible, as the resume point may no longer be in the oplog.',
    { errorLabels: ['NonResumableChangeStreamError'] },
  );

/** Tells the driver to open the stream again where it was; it does so by itself. */
const interrupted = (): DocumentError =>
  new DocumentError('InterruptedAtShutdown', 'the change stream was closed', {
    errorLabels: ['ResumableChangeStreamError'],
  });

const startPosition = (store: Store, args: Arguments): bigint => {
  const resumeAfter = args.optionalDocument('resumeAfter');
  const startAfter = args.optionalDocument('startAfter');
  const at = args.get('startAtOperationTime');
  if ([resumeAfter, startAfter, at].filter(Boolean).length > 1) {
    throw new DocumentError(40674, 'Only one type of resume option is allowed, but multiple were found');
  }
  if (at) return at.buf.readBigUInt64LE(at.start) - 1n;
  const token = resumeAfter ?? startAfter;
  if (!token) return store.oplog.committed;
  const { position, isInvalidate } = readToken(token);
  if (isInvalidate && resumeAfter) {
    throw new DocumentError(
      'InvalidResumeToken',
      "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification.",
    );
  }
  return position;
};

const lookUp = (store: Store, event: Value): Value | null => {
  const collection = store.catalogue.get(`${textAt(event, 'ns', 'db')}.${textAt(event, 'ns', 'coll')}`);
  const key = field(event, 'documentKey');
  const id = isDocument(key) ? field(key, '_id') : undefined;
  return (collection && id && store.get(collection, idKey(id))) ?? null;
};

const headFields = new Set(['operationType', 'clusterTime', 'wallTime', 'fullDocument']);

const shown = ({ event, position }: Entry, fullDocument: Value | null | undefined): Value => {
  const list = elements(event).map(({ name, value }): [string, Writable] => [name, value]);
  const head = list.filter(([name]) => headFields.has(name));
  const rest = list.filter(([name]) => !headFields.has(name));
  const looked: [string, Writable][] = fullDocument === undefined ? [] : [['fullDocument', fullDocument]];
  return documentValue(encodeElements([['_id', tokenDocument(position)], ...head, ...looked, ...rest]));
};

const invalidateEvent = ({ event, position }: Entry): Value =>
  documentValue(
    encode({
      _id: tokenDocument(position, true),
      operationType: 'invalidate',
      clusterTime: field(event, 'clusterTime'),
      wallTime: field(event, 'wallTime'),
    }),
  );

const fullDocumentModes = new Set(['default', 'updateLookup', 'whenAvailable', 'required']);

const wantsLookup = (args: Arguments): boolean => {
  const mode = args.optionalText('fullDocument') ?? 'default';
  if (!fullDocumentModes.has(mode)) {
    throw new DocumentError(
      'BadValue',
      `Enumeration value '${mode}' for field '$changeStream.fullDocument' is not a valid value.`,
    );
  }
  if (mode === 'whenAvailable' || mode === 'required')
    throw notImplemented(`a change stream with fullDocument: "${mode}"`);
  const before = args.optionalText('fullDocumentBeforeChange') ?? 'off';
  if (before !== 'off') throw notImplemented('a change stream with fullDocumentBeforeChange');
  return mode === 'updateLookup';
};

const allowed = new Set(['$match', '$project', '$addFields', '$set', '$unset', '$replaceRoot', '$replaceWith']);

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
  private readonly transform: (docs: Value[]) => Value[];

  constructor(store: Store, scope: Scope, spec: Value, rest: readonly StageSpec[]) {
    const args = new Arguments(spec, '$changeStream');
    const unsuited = rest.find(({ name }) => !allowed.has(name));
    if (unsuited)
      throw new DocumentError('IllegalOperation', `${unsuited.name} is not permitted in a $changeStream pipeline`);
    const pipeline = compilePipeline(rest);
    this.transform = (docs) => {
      const source = pipeline(listSource(docs));
      return source.pull({ documents: docs.length, until: Number.POSITIVE_INFINITY });
    };
    this.looksUp = wantsLookup(args);
    this.position = startPosition(store, args);
    this.token = tokenDocument(this.position);
    this.store = store;
    this.scope = scope;
    if (!store.oplog.remembers(this.position)) throw historyLost();
  }

  get resumeToken(): Value {
    return this.token;
  }

  private document(entry: Entry): Value {
    const isUpdate = textAt(entry.event, 'operationType') === 'update';
    return shown(entry, isUpdate && this.looksUp ? lookUp(this.store, entry.event) : undefined);
  }

  private read(): void {
    if (!this.store.oplog.remembers(this.position)) throw historyLost();
    const entries = this.store.oplog.after(this.position, pageSize);
    const found: Value[] = [];
    for (const entry of entries) {
      this.position = entry.position;
      if (!concerns(entry.event, this.scope)) continue;
      found.push(this.document(entry));
      if (!ends(entry.event, this.scope)) continue;
      found.push(invalidateEvent(entry));
      this.hasEnded = true;
      break;
    }
    this.waiting.push(...this.transform(found));
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
    if (this.stopped.signal.aborted) throw interrupted();
    const docs = this.waiting.splice(0, most);
    const last = docs.at(-1);
    const lastToken = last && field(last, '_id');
    this.token = this.waiting.length > 0 && isDocument(lastToken) ? lastToken : this.caughtUp(lastToken);
    this.isDone = this.hasEnded && this.waiting.length === 0;
    return docs;
  }

  private caughtUp(lastToken: Value | undefined): Value {
    return this.hasEnded && isDocument(lastToken) ? lastToken : tokenDocument(this.position);
  }

  close(): void {
    this.isDone = true;
    this.stopped.abort();
  }
}

/** Opens a change stream; `rest` are the stages after `$changeStream`. */
export const changeFeed = (store: Store, scope: Scope, spec: Value, rest: readonly StageSpec[]): Feed =>
  new ChangeFeed(store, scope, spec, rest);

/** What a change stream watches, from the database and collection of its command. */
export const scopeOf = (db: string, name: string | undefined, spec: Value): Scope =>
  db === 'admin' && name === undefined && truthy(field(spec, 'allChangesForCluster'))
    ? { db: undefined, name: undefined }
    : { db, name };
