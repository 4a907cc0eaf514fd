import type { Value } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import type { Cursors } from '../cursors.ts';
import type { TimeLimit } from '../query/time-limit.ts';
import type { Sessions } from '../sessions.ts';
import type { IndexBuilds } from '../storage/index-builds.ts';
import type { Store } from '../storage/store.ts';
import type { Arguments } from './arguments.ts';

/** A command that is being answered. */
interface Operation {
  readonly opid: number;
  readonly connectionId: number;
  readonly address: string;
  readonly db: string;
  readonly command: Value;
  readonly startedAt: number;
}

/** What all commands share. */
export interface Server {
  readonly store: Store;
  readonly cursors: Cursors;
  readonly sessions: Sessions;
  readonly builds: IndexBuilds;
  readonly startedAt: number;
  /** The commands being answered at the moment. */
  readonly active: Set<Promise<unknown>>;
  /** The same, for those who ask what is going on. */
  readonly operations: Set<Operation>;
  /** The numbers of the connections that are open. */
  readonly connections: Set<number>;
  /** Starts removing what drops left behind. */
  readonly sweepSoon: () => void;
}

/** One command as it is being answered. */
export interface Call {
  readonly server: Server;
  readonly db: string;
  readonly args: Arguments;
  readonly session: Buffer | undefined;
  /** The address this client reached the server at. */
  readonly address: string;
  readonly connectionId: number;
  /** How long the command may take, if it said so. */
  readonly timeLimit: TimeLimit | undefined;
  /** Fires when the client has gone. */
  readonly gone: AbortSignal;
}

export type Reply = { readonly [name: string]: Writable };

/** Answers a command; the reply goes without `ok`, which is 1 unless it throws. */
export type Command = (call: Call) => Promise<Reply> | Reply;
