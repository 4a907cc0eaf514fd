import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

const addressOf = (eventstoreUrl: string) => {
  const [, host, port] = /^esdb:\/\/([^:]+):(\d+)/.exec(eventstoreUrl) ?? [];
  return host ? { host, port: Number(port) } : { path: eventstoreUrl.slice('unix:'.length) };
};

/** A relay before the event store: counts what the server sends, can cut every connection, and lead to another server. */
export const startProxy = async (eventstoreUrl: string) => {
  let target = addressOf(eventstoreUrl);
  const sockets = new Set<Socket>();
  let received = 0;

  const relay = (near: Socket) => {
    const far = connect(target);
    far.on('data', (bytes) => {
      received += bytes.length;
    });
    near.pipe(far).pipe(near);
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  };

  const server = createServer(relay).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `esdb://127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`,
    received: () => received,
    cut,
    /** Cuts every connection; new ones go to another server. */
    redirect(url: string) {
      target = addressOf(url);
      cut();
    },
    close() {
      server.close();
      cut();
    },
  };
};
