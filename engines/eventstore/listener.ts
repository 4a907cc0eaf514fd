import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { GrpcCall } from './grpc-call.ts';
import { answerPlainly, isCall, plainServer } from './plain-http.ts';

const WINDOW = 1024 * 1024;
const SESSION_MEMORY_MIB = 1024;

/** How many calls may be cancelled on a connection, at once and per second; Node 20 ignores it and allows 1,000 and 33. */
const CANCELLATIONS = { streamResetBurst: 2 ** 20, streamResetRate: 2 ** 20 };

/** A listening server that takes gRPC, and HTTP/1.1 for its health, on the same address. */
export interface Listener {
  server: Server;
  /** Takes no new connections and cancels every call that is open. */
  stop(): Promise<void>;
}

/** Listens at `where`; every gRPC call goes to `onCall`, and `isHealthy` answers `GET /health/live`, over HTTP/1.1 too. */
export async function listen(
  where: ListenOptions,
  onCall: (call: GrpcCall) => void,
  isHealthy: () => boolean,
): Promise<Listener> {
  const sessions = new Set<ServerHttp2Session>();
  const calls = new Set<GrpcCall>();
  const sockets = new Set<Socket>();
  const http1 = plainServer(isHealthy);
  const http2 = createHttp2Server({
    ...CANCELLATIONS,
    maxSessionMemory: SESSION_MEMORY_MIB,
    settings: { initialWindowSize: WINDOW },
  });
  http2.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
    session.setLocalWindowSize(WINDOW);
  });
  http2.on('stream', (stream, headers) => {
    if (!isCall(headers)) return answerPlainly(stream, headers, isHealthy);
    const call = new GrpcCall(stream, headers);
    calls.add(call);
    call.onEnd(() => calls.delete(call));
    onCall(call);
  });
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    onceTold(socket, (isHttp2) => (isHttp2 ? http2 : http1).emit('connection', socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
  return { server, stop: () => stop(server, calls, sessions, sockets) };
}

/** Tells whether a connection speaks HTTP/2, once it has said enough: that begins with `PRI`, no method of HTTP/1.1 does. */
function onceTold(socket: Socket, tell: (isHttp2: boolean) => void): void {
  const look = () => {
    const first: Buffer | null = socket.read(3);
    if (first === null) return;
    socket.off('readable', look);
    socket.unshift(first);
    tell(first.toString('latin1') === 'PRI');
  };
  socket.on('readable', look);
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
