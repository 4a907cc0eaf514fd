import { binary, objectId, timestamp } from '../bson/build.ts';
import { sessionOf } from '../sessions.ts';
import { newUuid } from '../uuid.ts';
import type { Command } from './context.ts';

/** The version of MongoDB this server speaks like. */
export const version = '8.0.0';

const electionId = objectId(Buffer.from('7fffffff0000000000000001', 'hex'));

const hello: Command = ({ server, address, connectionId, args }) => {
  const now = new Date();
  const opTime = { ts: timestamp(server.store.oplog.committed), t: 1n };
  return {
    helloOk: true,
    ...(args.command === 'hello' ? { isWritablePrimary: true } : { ismaster: true }),
    secondary: false,
    hosts: [address],
    setName: 'rs0',
    setVersion: 1,
    primary: address,
    me: address,
    electionId,
    lastWrite: { opTime, lastWriteDate: now, majorityOpTime: opTime, majorityWriteDate: now },
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: now,
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: 25,
    readOnly: false,
  };
};

const buildInfo: Command = () => ({
  version,
  gitVersion: 'embedded',
  modules: [],
  allocator: 'system',
  javascriptEngine: 'none',
  sysInfo: 'deprecated',
  versionArray: [8, 0, 0, 0],
  bits: 64,
  debug: false,
  maxBsonObjectSize: 16 * 1024 * 1024,
  storageEngines: ['lmdb'],
});

const nothing: Command = () => ({});

const endSessions: Command = ({ args, server }) => {
  for (const lsid of args.list(args.command)) {
    const session = sessionOf(lsid);
    if (session) server.cursors.closeSession(session.toString('hex'));
  }
  return {};
};

/** The commands by which clients and servers get to know each other. */
export const handshakeCommands: Readonly<Record<string, Command>> = {
  hello,
  ismaster: hello,
  isMaster: hello,
  ping: nothing,
  buildInfo,
  buildinfo: buildInfo,
  startSession: () => ({ id: { id: binary(newUuid(), 4) }, timeoutMinutes: 30 }),
  endSessions,
  killSessions: endSessions,
  refreshSessions: nothing,
  logout: nothing,
};
