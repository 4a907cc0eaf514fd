import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { MongoNetworkError } from 'mongodb';

type WriteCommand = (this: { socket: Socket }, command: object, options: object) => Promise<void>;
type Internals = { Connection: { prototype: { writeCommand: WriteCommand } } };

/**
 * Repairs driver 7.9.0, where an operation can wait for ever: `writeCommand` waits for `drain` on a socket whose peer is gone
 * without an error (a killed server closes its end cleanly), and nothing else ends it, not even a time limit. Here the wait
 * ends with the socket, as a network error, which the driver retries by itself. Runs once, on import.
 */
const { Connection } = createRequire(import.meta.url)('mongodb/lib/cmap/connection.js') as Internals;
const write = Connection.prototype.writeCommand;

Connection.prototype.writeCommand = async function (command, options) {
  const { socket } = this;
  if (socket.destroyed) throw new MongoNetworkError('the connection was closed before the command was written');
  let close = () => {};
  const closed = new Promise<never>((_, reject) => {
    close = () => reject(new MongoNetworkError('the connection was closed while the command was written'));
    socket.once('close', close);
  });
  try {
    await Promise.race([write.call(this, command, options), closed]);
  } finally {
    socket.off('close', close);
  }
};
