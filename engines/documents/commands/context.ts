import type { Writable } from '../bson/build.ts';
import type { Cursors } from '../cursors.ts';
import type { Sessions } from '../sessions.ts';
import type { IndexBuilds } from '../storage/index-builds.ts';
import type { Store } from '../storage/store.ts';
import type { Arguments } from './arguments.ts';

/** What all commands share. */
export interface Server {
  readonly store: Store;
  readonly cursors: Cursors;
  readonly sessions: Sessions;
  readonly builds: IndexBuilds;
  readonly startedAt: number;
  /** The commands being answered at the moment. */
  readonly active: Set<Promise<unknown>>;
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
  /** Fires when the client has gone. */
  readonly gone: AbortSignal;
}

export type Reply = { readonly [name: string]: Writable };

/** Answers a command; the reply goes without `ok`, which is 1 unless it throws. */
export type Command = (call: Call) => Promise<Reply> | Reply;
