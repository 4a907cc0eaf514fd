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

/** One client: its messages are answered one after the other, in order; those that want no reply also after it has gone. */
class Connection {
  private readonly reader = new MessageReader();
  private readonly waiting: Message[] = [];
  private isWorking = false;
  private readonly server: Server;
  private readonly socket: Socket;
  private readonly client: Client;

  constructor(server: Server, socket: Socket, client: Client) {
    this.server = server;
    this.socket = socket;
    this.client = client;
  }

  receive(chunk: Buffer): void {
    try {
      this.waiting.push(...this.reader.push(chunk));
    } catch {
      this.socket.destroy();
      return;
    }
    if (this.waiting.length >= mostWaiting) this.socket.pause();
    if (!this.isWorking) this.work().catch(() => this.socket.destroy());
  }

  private async work(): Promise<void> {
    this.isWorking = true;
    for (let message = this.waiting.shift(); message; message = this.waiting.shift()) {
      if (message.isSilent || !this.client.gone.aborted) await this.answer(message);
      if (this.waiting.length < mostWaiting) this.socket.resume();
    }
    this.isWorking = false;
  }

  private async answer(message: Message): Promise<void> {
    const reply = await tracked(this.server, this.client, message);
    if (!message.isSilent) await send(this.socket, frameReply(message, reply), this.client.gone);
    if (message.error?.code === codes.ChecksumMismatch) this.socket.destroySoon();
  }
}

/** Serves a client that has reached the server at this address, until it goes. */
export const serve = (server: Server, socket: Socket, address: string): void => {
  const gone = new AbortController();
  lastConnectionId += 1;
  const connectionId = lastConnectionId;
  const connection = new Connection(server, socket, { address, connectionId, gone: gone.signal });
  server.connections.add(connectionId);
  socket.on('data', (chunk: Buffer) => connection.receive(chunk));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    server.connections.delete(connectionId);
    gone.abort();
  });
};
