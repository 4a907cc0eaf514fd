import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Door = {
  readonly url: string;
  /** From now on these requests are answered; until then they got a 503. */
  serve(listener: RequestListener): void;
  close(): Promise<void>;
};

/** Takes a port at once, so that others can be told of it before there is anything to serve. Rejects when it is taken. */
export const openDoor = async (host: string, port: number): Promise<Door> => {
  let answer: RequestListener = (_, res) => res.writeHead(503, { 'Retry-After': '1' }).end();
  const server = createServer((req, res) => answer(req, res));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    serve(listener) {
      answer = listener;
    },
    close: () => closeServer(server),
  };
};

/** Lets requests under way finish, for a while. */
const closeServer = (server: Server) =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2_000).unref();
  });
