import { binary, double, timestamp } from '../bson/build.ts';
import { elements, field, isString, text } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import { codes, DocumentError } from '../errors.ts';
import { sessionOf } from '../sessions.ts';
import type { Message } from '../wire.ts';
import { administrationCommands } from './administration.ts';
import { aggregateCommands } from './aggregate.ts';
import { Arguments } from './arguments.ts';
import { collectionCommands } from './collections.ts';
import type { Command, Reply, Server } from './context.ts';
import { refuseUnknownFields } from './fields.ts';
import { assertApiVersion, assertTransactionNumber, refuseTransactions, timeLimitOf } from './generic.ts';
import { handshakeCommands } from './handshake.ts';
import { indexCommands } from './indexes.ts';
import { assertReadConcern } from './read-concern.ts';
import { readCommands } from './reads.ts';
import { statisticsCommands } from './statistics.ts';
import { writeConcernReply } from './write-concern.ts';
import { writeCommands } from './writes.ts';

const changing: ReadonlySet<string> = new Set(
  Object.keys({ ...writeCommands, ...collectionCommands, ...indexCommands }),
);

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    ...handshakeCommands,
    ...administrationCommands,
    ...statisticsCommands,
    ...readCommands,
    ...aggregateCommands,
    ...writeCommands,
    ...collectionCommands,
    ...indexCommands,
  }),
);

/** Who sent a command, and how the server looks from there. */
export interface Client {
  readonly address: string;
  readonly connectionId: number;
  readonly gone: AbortSignal;
}

const clusterTime = (server: Server): Reply => {
  const time = timestamp(server.store.oplog.committed);
  return {
    operationTime: time,
    $clusterTime: { clusterTime: time, signature: { hash: binary(Buffer.alloc(20)), keyId: 0n } },
  };
};

const failure = (error: unknown): Reply => {
  if (error instanceof DocumentError) {
    const { code, codeName, message, details } = error;
    return { ok: double(0), errmsg: message, code, codeName, ...details };
  }
  process.stderr.write(`documents: ${error instanceof Error ? error.stack : String(error)}\n`);
  return {
    ok: double(0),
    errmsg: `internal error: ${String(error)}`,
    code: codes.InternalError,
    codeName: 'InternalError',
  };
};

const databaseOf = (message: Message): string => {
  const db = field(message.body, '$db');
  if (isString(db)) return text(db);
  if (message.isLegacy) return 'admin';
  throw new DocumentError(40571, 'OP_MSG requests require a $db argument');
};

const call = async (server: Server, client: Client, message: Message): Promise<Reply> => {
  if (message.error) throw message.error;
  const name = elements(message.body)[0]?.name ?? '';
  const command = commands.get(name);
  const args = new Arguments(message.body, name, message.sequences);
  refuseTransactions(name, args);
  if (!command) throw new DocumentError('CommandNotFound', `no such command: '${name}'`);
  assertTransactionNumber(name, args);
  assertApiVersion(name, args);
  refuseUnknownFields(args);
  assertReadConcern(args, server.store.oplog.committed);
  const timeLimit = timeLimitOf(args);
  const concern = changing.has(name) ? writeConcernReply(args) : {};
  server.store.env.root.resetReadTxn();
  const session = sessionOf(args.get('lsid'));
  return { ...(await command({ server, db: databaseOf(message), args, session, timeLimit, ...client })), ...concern };
};

/** Answers one message; an error becomes a reply, never a throw. */
export const answer = async (server: Server, client: Client, message: Message): Promise<Reply> => {
  try {
    const reply: { readonly [name: string]: Writable } = await call(server, client, message);
    return { ...reply, ok: double(1), ...clusterTime(server) };
  } catch (error) {
    return { ...failure(error), ...clusterTime(server) };
  }
};
