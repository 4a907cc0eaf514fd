import { binary, double, timestamp, type Writable } from '../bson/build.ts';
import { elements, field, isString, text } from '../bson/value.ts';
import { codes, DocumentError, notImplemented } from '../errors.ts';
import { sessionOf } from '../sessions.ts';
import type { Message } from '../wire.ts';
import { administrationCommands } from './administration.ts';
import { aggregateCommands } from './aggregate.ts';
import { Arguments } from './arguments.ts';
import type { Command, Reply, Server } from './context.ts';
import { definitionCommands } from './definitions.ts';
import { refuseUnknownFields } from './fields.ts';
import { readCommands } from './reads.ts';
import { writeCommands } from './writes.ts';

const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({
    ...administrationCommands,
    ...readCommands,
    ...aggregateCommands,
    ...writeCommands,
    ...definitionCommands,
  }),
);

/** Who sent a command, and how the server looks from there. */
export interface Client {
  readonly address: string;
  readonly connectionId: number;
  readonly gone: AbortSignal;
}

const refuseTransactions = (name: string, args: Arguments): void => {
  if (name === 'commitTransaction' || name === 'abortTransaction') {
    throw new DocumentError(
      'NoSuchTransaction',
      'There is no transaction: the embedded document store has no multi-document transactions',
    );
  }
  if (args.get('startTransaction') || args.get('autocommit')) {
    throw new DocumentError(
      'OperationNotSupportedInTransaction',
      'The embedded document store has no multi-document transactions; use a MongoDB replica set',
    );
  }
};

const refuseSnapshots = (args: Arguments): void => {
  const level = field(args.document('readConcern'), 'level');
  if (isString(level) && text(level) === 'snapshot') throw notImplemented('read concern "snapshot"');
};

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
  const name = elements(message.body)[0]?.name ?? '';
  const command = commands.get(name);
  const args = new Arguments(message.body, name, message.sequences);
  refuseTransactions(name, args);
  if (!command) throw new DocumentError('CommandNotFound', `no such command: '${name}'`);
  refuseUnknownFields(args);
  refuseSnapshots(args);
  server.store.env.root.resetReadTxn();
  const session = sessionOf(args.get('lsid'));
  return command({ server, db: databaseOf(message), args, session, ...client });
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
