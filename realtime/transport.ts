import {
  App,
  LIBUS_LISTEN_EXCLUSIVE_PORT,
  type us_listen_socket,
  us_listen_socket_close,
  us_socket_local_port,
  type WebSocket,
} from 'uWebSockets.js';

/** One connection, as the rest of realtime sees it; saying anything to a closed one is harmless. */
export type Socket = {
  /** Hands a text over, at once; false when it was dropped since too much waits already, or the socket is closed. */
  send(text: string): boolean;
  /** Bytes that wait for the other side to read. */
  buffered(): number;
  end(code: number, reason: string): void;
  /** Closes without a word, for one who does not answer. */
  drop(): void;
};

export type SocketHandlers = {
  message(text: string): void;
  /** The other side has read some of what waited. */
  drain(): void;
  closed(): void;
};

export type TransportOptions = {
  host: string;
  /** 0: any free one. */
  port: number;
  path: string;
  /** Bytes of one message of a client. */
  maxPayload: number;
  /** Bytes that may wait for a socket before what is sent is dropped. */
  maxBackpressure: number;
  /** The pages that may connect, e.g. `https://desk.example`; without it every page may. Programs send no origin. */
  origins?: readonly string[] | undefined;
  connected(socket: Socket): SocketHandlers;
  /** A handler threw. uWebSockets.js would end the process. */
  fault(error: unknown): void;
};

type Data = { handlers?: SocketHandlers; isOpen: boolean };

const dropped = 2;

/** Everything we ask of uWebSockets.js, so that leaving it one day costs this file. Rejects when the port is taken. */
export const listen = async (options: TransportOptions): Promise<{ url: string; close(): void }> => {
  const { host, port, path, maxPayload, maxBackpressure, origins, fault } = options;

  const guarded =
    <A extends unknown[]>(handle: (...args: A) => void) =>
    (...args: A) => {
      try {
        handle(...args);
      } catch (error) {
        fault(error);
      }
    };

  const app = App()
    .ws<Data>(path, {
      maxPayloadLength: maxPayload,
      maxBackpressure,
      idleTimeout: 60, // longer than a socket may stay behind: who does not read is told so, and closed for that
      sendPingsAutomatically: true,
      upgrade: guarded((res, req, context) => {
        const origin = req.getHeader('origin');
        if (origins && origin && !origins.includes(origin)) return void res.writeStatus('403 Forbidden').end();
        const header = (name: string) => req.getHeader(`sec-websocket-${name}`);
        res.upgrade<Data>({ isOpen: true }, header('key'), '', header('extensions'), context);
      }),
      open: guarded((ws) => {
        ws.getUserData().handlers = options.connected(socketOf(ws));
      }),
      message: guarded((ws, message) => ws.getUserData().handlers?.message(Buffer.from(message).toString('utf8'))),
      drain: guarded((ws) => ws.getUserData().handlers?.drain()),
      close: guarded((ws) => {
        const data = ws.getUserData();
        data.isOpen = false;
        data.handlers?.closed();
      }),
    })
    .any('/*', (res) => void res.writeStatus('426 Upgrade Required').end('This port speaks WebSocket only.'));

  const listener = await new Promise<us_listen_socket>((resolve, reject) => {
    // exclusive, or a second server would silently share the port and take half of the clients
    app.listen(host, port, LIBUS_LISTEN_EXCLUSIVE_PORT, (token) => {
      if (token) resolve(token);
      else reject(new Error(`cannot listen on ${host}:${port}: choose another REALTIME_PORT or end who holds it`));
    });
  });
  const url = `ws://${host.includes(':') ? `[${host}]` : host}:${us_socket_local_port(listener)}${path}`;
  return { url, close: () => us_listen_socket_close(listener) };
};

const socketOf = (ws: WebSocket<Data>): Socket => {
  const data = ws.getUserData();
  return {
    send: (text) => data.isOpen && ws.send(text) !== dropped,
    buffered: () => (data.isOpen ? ws.getBufferedAmount() : 0),
    end: (code, reason) => {
      if (data.isOpen) ws.end(code, reason);
    },
    drop: () => {
      if (data.isOpen) ws.close();
    },
  };
};
