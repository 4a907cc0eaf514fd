import { once } from 'node:events';
import type { Socket } from 'node:net';
import { field, isString, text } from './bson/value.ts';
import type { Reply, Server } from './commands/context.ts';
import { answer, type Client } from './commands/dispatch.ts';
import { codes } from './errors.ts';
import { MessageReader } from './message-reader.ts';
import { frameReply, type Message } from './wire.ts';

let lastConnectionId = 0;

const mostWaiting = 64;

let lastOpId = 0;

/** Answers a message; while it does, the server knows about it. */
const tracked = async (server: Server, client: Client, message: Message): Promise<Reply> => {
  lastOpId += 1;
  const { address, connectionId } = client;
  const db = field(message.body, '$db');
  const operation = {
    opid: lastOpId,
    address,
    connectionId,
    db: isString(db) ? text(db) : 'admin',
    command: message.body,
    startedAt: Date.now(),
  };
  server.operations.add(operation);
  const work = answer(server, client, message);
  server.active.add(work);
  try {
    return await work;
  } finally {
    server.active.delete(work);
    server.operations.delete(operation);
  }
};

/** Sends a reply; waits for a client that is slow to read, so that no more replies gather for it. */
const send = async (socket: Socket, reply: Buffer, gone: AbortSignal): Promise<void> => {
  if (socket.writable && !socket.write(reply)) await once(socket, 'drain', { signal: gone }).catch(() => {});
};

/** Serves one client: its messages are answered one after the other, in order. */
export const serve = (server: Server, socket: Socket, address: string): void => {
  const reader = new MessageReader();
  const waiting: Message[] = [];
  const gone = new AbortController();
  lastConnectionId += 1;
  const client = { address, connectionId: lastConnectionId, gone: gone.signal };
  let isWorking = false;

  const work = async (): Promise<void> => {
    if (isWorking) return;
    isWorking = true;
    for (let message = waiting.shift(); message && !gone.signal.aborted; message = waiting.shift()) {
      const reply = await tracked(server, client, message);
      if (!message.isSilent) await send(socket, frameReply(message, reply), gone.signal);
      if (message.error?.code === codes.ChecksumMismatch) socket.destroySoon();
      if (waiting.length < mostWaiting) socket.resume();
    }
    isWorking = false;
  };

  socket.on('data', (chunk: Buffer) => {
    try {
      waiting.push(...reader.push(chunk));
    } catch {
      socket.destroy();
      return;
    }
    if (waiting.length >= mostWaiting) socket.pause();
    work().catch(() => socket.destroy());
  });
  socket.on('error', () => socket.destroy());
  server.connections.add(client.connectionId);
  socket.on('close', () => {
    server.connections.delete(client.connectionId);
    gone.abort();
  });
};
