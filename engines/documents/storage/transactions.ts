import { DocumentError } from '../errors.ts';
import type { ChangeEvent } from './change-events.ts';
import type { Collection } from './collection.ts';
import { countKey, storedCounts } from './counts.ts';
import type { Environment } from './environment.ts';
import type { Oplog } from './oplog.ts';

/** What a write transaction has done so far. */
export interface Transaction {
  readonly events: ChangeEvent[];
  readonly counted: Set<Collection>;
}

/** Write transactions, each shared with others that are waiting, with what they changed in the order of changes. */
export class Transactions {
  private readonly env: Environment;
  private readonly oplog: Oplog;
  private hasFailed = false;

  constructor(env: Environment, oplog: Oplog) {
    this.env = env;
    this.oplog = oplog;
  }

  /**
   * Runs `work` together with others that are waiting, and resolves when it is durable. lmdb does not undo the writes of
   * work that throws: every operation here checks first and writes after.
   */
  async run<T>(work: (tx: Transaction) => T): Promise<T> {
    if (this.hasFailed)
      throw new DocumentError('OperationFailed', 'a write has failed; restart the server once the disk is well');
    const { result, failure, position } = await this.commit(work);
    this.env.root.resetReadTxn();
    this.oplog.commit(position);
    if (failure) throw failure.error;
    return result as T;
  }

  /** After a failed commit memory and disk may differ, so that nothing more is written. */
  private async commit<T>(work: (tx: Transaction) => T) {
    try {
      return await this.env.root.transaction(() => this.runWork(work));
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }

  private runWork<T>(work: (tx: Transaction) => T) {
    const tx: Transaction = { events: [], counted: new Set() };
    let result: T | undefined;
    let failure: { error: unknown } | undefined;
    try {
      result = work(tx);
    } catch (error) {
      failure = { error };
    }
    for (const collection of tx.counted) this.saveCount(collection);
    return { result, failure, position: this.oplog.append(tx.events) };
  }

  private saveCount(collection: Collection): void {
    this.env.counts.putSync(countKey(collection.id), storedCounts(collection));
  }
}
