import { arch, cpus, hostname, release, totalmem, type } from 'node:os';
import { backup } from '../backup.ts';
import { date } from '../bson/build.ts';
import { elements, isString, text } from '../bson/value.ts';
import type { Writable } from '../bson/writer.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import type { Call, Command } from './context.ts';
import { version } from './handshake.ts';

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

const serverStatus: Command = ({ server, address }) => ({
  host: hostname(),
  version,
  process: 'documents',
  pid: BigInt(process.pid),
  uptime: (Date.now() - server.startedAt) / 1000,
  uptimeMillis: BigInt(Date.now() - server.startedAt),
  uptimeEstimate: BigInt(Math.floor((Date.now() - server.startedAt) / 1000)),
  localTime: new Date(),
  connections: { current: server.connections.size },
  mem: { bits: 64, resident: mebibytes(process.memoryUsage.rss()), supported: true },
  metrics: { cursor: { open: { total: BigInt(server.cursors.count) } } },
  repl: { setName: 'rs0', setVersion: 1, isWritablePrimary: true, secondary: false, hosts: [address], me: address },
  storageEngine: { name: 'lmdb', supportsCommittedReads: true, persistent: true },
});

const members = (address: string) => [
  { _id: 0, name: address, health: 1, state: 1, stateStr: 'PRIMARY', configVersion: 1, self: true },
];

const replSetGetStatus: Command = ({ address }) => ({
  set: 'rs0',
  date: date(new Date()),
  myState: 1,
  term: 1n,
  members: members(address),
});

const replSetGetConfig: Command = ({ address }) => ({
  config: { _id: 'rs0', version: 1, term: 1, members: [{ _id: 0, host: address, priority: 1, votes: 1 }] },
});

const connectionStatus: Command = () => ({
  authInfo: { authenticatedUsers: [], authenticatedUserRoles: [], authenticatedUserPrivileges: [] },
});

const hostInfo: Command = () => ({
  system: {
    currentTime: new Date(),
    hostname: hostname(),
    cpuAddrSize: 64,
    memSizeMB: BigInt(mebibytes(totalmem())),
    memLimitMB: BigInt(mebibytes(totalmem())),
    numCores: cpus().length,
    cpuArch: arch(),
    numaEnabled: false,
  },
  os: { type: type(), name: type(), version: release() },
  extra: {},
});

const backupCommand: Command = async ({ args, server }) => {
  const path = args.text('path');
  await backup(server.store.env.root, path);
  return { path };
};

const parameters: Readonly<Record<string, Writable>> = { featureCompatibilityVersion: { version: '8.0' } };

const getParameter: Command = ({ args }) => {
  const own = args.get('getParameter');
  const isAll = (isString(own) && text(own) === '*') || args.has('allParameters');
  const wanted = Object.keys(parameters).filter((name) => isAll || args.has(name));
  if (wanted.length === 0) throw new DocumentError('InvalidOptions', 'no option found to get');
  return Object.fromEntries(wanted.map((name) => [name, parameters[name]]));
};

const getLog: Command = ({ args }) => {
  const wanted = args.text('getLog');
  if (wanted === '*') return { names: ['global', 'startupWarnings'] };
  if (wanted !== 'global' && wanted !== 'startupWarnings')
    throw new DocumentError('OperationFailed', `No log named '${wanted}'`);
  return { totalLinesWritten: 0, log: [] };
};

const profile: Command = ({ args }) => {
  if (args.number('profile', -1) > 0) throw notImplemented('profiling');
  return { was: 0, slowms: 100, sampleRate: 1 };
};

const fsync: Command = ({ args }) => {
  if (args.flag('lock')) throw notImplemented('a lock on all writes');
  return { numFiles: 1 };
};

/** The commands being answered, as `$currentOp` tells them. */
export const runningOperations = ({ server }: Call) =>
  [...server.operations].map(({ opid, connectionId, address, db, command, startedAt }) => {
    const micros = Math.round((Date.now() - startedAt) * 1000);
    const [first] = elements(command);
    return {
      type: 'op',
      host: hostname(),
      desc: `conn${connectionId}`,
      connectionId,
      client: address,
      active: true,
      currentOpTime: new Date().toISOString(),
      opid,
      secs_running: BigInt(Math.floor(micros / 1_000_000)),
      microsecs_running: BigInt(micros),
      op: 'command',
      ns: first && isString(first.value) ? `${db}.${text(first.value)}` : `${db}.$cmd`,
      command,
    };
  });

/** The commands by which people and tools look after a server. */
export const administrationCommands: Readonly<Record<string, Command>> = {
  serverStatus,
  replSetGetStatus,
  replSetGetConfig,
  connectionStatus,
  hostInfo,
  getCmdLineOpts: () => ({ argv: [], parsed: {} }),
  getLog,
  getParameter,
  profile,
  fsync,
  currentOp: (call) => ({ inprog: runningOperations(call) }),
  usersInfo: () => ({ users: [] }),
  rolesInfo: () => ({ roles: [] }),
  whatsmyuri: ({ address }) => ({ you: address }),
  backup: backupCommand,
};
