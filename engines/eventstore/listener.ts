import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { GrpcCall } from './grpc-call.ts';

const WINDOW = 1024 * 1024;
const SESSION_MEMORY_MIB = 1024;

/** A listening server that takes gRPC, and HTTP/1.1 for its health, on the same address. */
export interface Listener {
  server: Server;
  /** Takes no new connections and cancels every call that is open. */
  stop(): Promise<void>;
}

/** Listens at `where`; every gRPC call goes to `onCall`, and `isHealthy` answers `GET /health/live`. */
export async function listen(
  where: ListenOptions,
  onCall: (call: GrpcCall) => void,
  isHealthy: () => boolean,
): Promise<Listener> {
  const sessions = new Set<ServerHttp2Session>();
  const calls = new Set<GrpcCall>();
  const sockets = new Set<Socket>();
  const http1 = healthServer(isHealthy);
  const http2 = createHttp2Server({ maxSessionMemory: SESSION_MEMORY_MIB, settings: { initialWindowSize: WINDOW } });
  http2.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
    session.setLocalWindowSize(WINDOW);
  });
  http2.on('stream', (stream, headers) => {
    const call = new GrpcCall(stream, headers);
    calls.add(call);
    call.onEnd(() => calls.delete(call));
    onCall(call);
  });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      (isHttp2(first) ? http2 : http1).emit('connection', socket);
      if (!isHttp2(first)) socket.resume();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  return { server, stop: () => stop(server, calls, sessions, sockets) };
}

/** HTTP/2 begins with `PRI`; no method of HTTP/1.1 does. */
function isHttp2(first: Buffer): boolean {
  return first.subarray(0, 3).toString('latin1') === 'PRI'.slice(0, first.length);
}

function healthServer(isHealthy: () => boolean) {
  return createHttpServer((request, response) => {
    const isKnown = request.url === '/health/live' && (request.method === 'GET' || request.method === 'HEAD');
    response.writeHead(isKnown ? (isHealthy() ? 204 : 503) : 404, { connection: 'close' }).end();
  });
}

async function stop(server: Server, calls: Set<GrpcCall>, sessions: Set<ServerHttp2Session>, sockets: Set<Socket>) {
  const closed = new Promise((resolve) => server.close(resolve));
  for (const call of calls) call.cancel();
  for (const session of sessions) session.close();
  const late = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, 500);
  await closed;
  clearTimeout(late);
}
