import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { dirname } from 'node:path';

/** How many connections may wait to be accepted; a unix socket turns away the next. */
const mostUnaccepted = 4096;

const listen = (net: NetServer, where: { path: string } | { host: string; port: number }): Promise<void> =>
  new Promise((resolve, reject) => {
    net.once('error', reject);
    net.listen({ ...where, backlog: mostUnaccepted }, () => {
      net.off('error', reject);
      resolve();
    });
  });

const urlOf = (host: string): string => `mongodb://${host}/?directConnection=true`;

/** Where a server can be reached. */
export interface Listeners {
  /** One connection string per listener. */
  readonly urls: readonly string[];
  /** Takes no more connections, and no more messages of those there are. */
  pause(): void;
  /** Ends the connections when what is written to them has gone. */
  close(): void;
}

/** Serves one connection that has reached the server at an address. */
export type Serve = (socket: Socket, address: string) => void;

const listenerFor = (serve: Serve, sockets: Set<Socket>, address: () => string): NetServer =>
  createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    serve(socket, address());
  });

const onSocket = async (path: string, listener: NetServer): Promise<string> => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  await listen(listener, { path });
  chmodSync(path, 0o600);
  return urlOf(encodeURIComponent(path));
};

const addressOf = (listener: NetServer): string => `127.0.0.1:${(listener.address() as AddressInfo).port}`;

/** Listens on a unix socket, made anew, and perhaps on a port of 127.0.0.1. */
export const openListeners = async (path: string, port: number | undefined, serve: Serve): Promise<Listeners> => {
  const sockets = new Set<Socket>();
  const local = listenerFor(serve, sockets, () => path);
  const urls = [await onSocket(path, local)];
  const listeners = [local];
  if (port !== undefined) {
    const tcp: NetServer = listenerFor(serve, sockets, () => addressOf(tcp));
    await listen(tcp, { host: '127.0.0.1', port });
    urls.push(urlOf(addressOf(tcp)));
    listeners.push(tcp);
  }
  return {
    urls,
    pause: () => {
      for (const listener of listeners) listener.close();
      for (const socket of sockets) socket.pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroySoon();
      rmSync(path, { force: true });
    },
  };
};
