import type { Value } from './bson/value.ts';
import { DocumentError } from './errors.ts';

/** What a cursor gives documents from. */
export interface Feed {
  readonly isDone: boolean;
  /** Up to so many documents; a feed that waits for news may take up to `maxTimeMs`. */
  next(most: number, maxTimeMs: number | undefined): Promise<Value[]>;
  /** What a change stream tells with every batch: where a new one can go on. */
  readonly resumeToken?: Value;
  /** Ends it; whoever waits for it at that moment gets the error. */
  close?(error?: DocumentError): void;
}

interface Cursor {
  readonly feed: Feed;
  readonly namespace: string;
  readonly session: string | undefined;
  lastUsed: number;
  isBusy: boolean;
}

const minute = 60_000;

/** How long a cursor may rest: ten minutes, or as long as the session it belongs to. */
const patienceOf = ({ session }: Cursor): number => (session === undefined ? 10 : 30) * minute;

const killed = (id: bigint): DocumentError => new DocumentError('CursorKilled', `cursor id ${id} was killed`);

const assertSession = (id: bigint, own: string | undefined, given: string | undefined): void => {
  if (own === given) return;
  if (own === undefined)
    throw new DocumentError(50737, `Cannot run getMore on cursor ${id}, which was not created in a session`);
  const where = given === undefined ? 'without an lsid' : 'in another session';
  throw new DocumentError(given === undefined ? 50736 : 50738, `Cannot run getMore on cursor ${id} ${where}`);
};

/** The open cursors of all clients. */
export class Cursors {
  private readonly open = new Map<bigint, Cursor>();
  private lastId = BigInt(Date.now()) << 12n;

  /** Keeps a feed open and gives its number. */
  add(feed: Feed, namespace: string, session: string | undefined): bigint {
    this.lastId += 1n;
    this.open.set(this.lastId, { feed, namespace, session, lastUsed: Date.now(), isBusy: false });
    return this.lastId;
  }

  /** Lets one caller use a cursor; forgets it when it is done or fails. */
  async use<T>(
    id: bigint,
    namespace: string,
    session: string | undefined,
    work: (feed: Feed) => Promise<T>,
  ): Promise<T> {
    const cursor = this.open.get(id);
    if (!cursor) throw new DocumentError('CursorNotFound', `cursor id ${id} not found`);
    if (cursor.namespace !== namespace) {
      const text = `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`;
      throw new DocumentError('Unauthorized', text);
    }
    assertSession(id, cursor.session, session);
    if (cursor.isBusy) throw new DocumentError('CursorInUse', `cursor id ${id} is already in use`);
    cursor.isBusy = true;
    try {
      return await work(cursor.feed);
    } catch (error) {
      this.close(id);
      throw error;
    } finally {
      cursor.isBusy = false;
      cursor.lastUsed = Date.now();
      if (cursor.feed.isDone) this.close(id);
    }
  }

  /** Forgets a cursor; says whether there was one. */
  close(id: bigint, error = killed(id)): boolean {
    this.open.get(id)?.feed.close?.(error);
    return this.open.delete(id);
  }

  closeSession(session: string): void {
    for (const [id, cursor] of this.open) if (cursor.session === session) this.close(id);
  }

  /** Forgets the cursors that nobody has used for long. */
  closeIdle(): void {
    for (const [id, cursor] of this.open) {
      if (!cursor.isBusy && Date.now() - cursor.lastUsed > patienceOf(cursor)) this.close(id);
    }
  }

  closeAll(error: DocumentError): void {
    for (const id of [...this.open.keys()]) this.close(id, error);
  }

  get count(): number {
    return this.open.size;
  }
}
