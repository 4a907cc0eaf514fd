import type { Socket } from 'node:net';
import type { Server } from './commands/context.ts';
import { answer } from './commands/dispatch.ts';
import { frameReply, type Message, MessageReader } from './wire.ts';

let lastConnectionId = 0;

const mostWaiting = 64;

const tracked = async <T>({ active }: Server, work: Promise<T>): Promise<T> => {
  active.add(work);
  try {
    return await work;
  } finally {
    active.delete(work);
  }
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
      const reply = await tracked(server, answer(server, client, message));
      if (!message.isSilent && socket.writable) socket.write(frameReply(message, reply));
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
  socket.on('close', () => gone.abort());
};
