import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Replica } from './replica.ts';

// biome-ignore lint/suspicious/noExplicitAny: frames are looked into by tests, each in its own way
export type Frame = any;

type Hello = { token: string; tab?: string; callSocket?: boolean; takeOver?: boolean };

export type Client = Awaited<ReturnType<typeof connect>>;

/** A socket that keeps every frame, and a replica for each of its subscriptions. */
export const connect = async (url: string, { origin }: { origin?: string } = {}) => {
  const socket = new WebSocket(url, origin === undefined ? {} : { origin });
  const frames: Frame[] = [];
  const replicas = new Map<string, Replica>();
  const waiting = new Set<() => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  socket.on('error', () => {}); // the close tells
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    for (const frame of [message].flat()) {
      frames.push(frame);
      replicas.get(frame.id)?.take(frame);
      for (const [id, head] of Object.entries<string>(frame.heads ?? {})) replicas.get(id)?.head(head);
    }
    for (const check of waiting) check();
  });
  await once(socket, 'open');

  const send = (frame: unknown) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));

  /** What `look` finds, now or after some frame to come; rejects after `withinMs`. */
  const until = <T>(look: () => T | undefined | false | null, withinMs = 5_000): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(
          new Error(`not within ${withinMs} ms; the last frames: ${JSON.stringify(frames.slice(-5)).slice(0, 2_000)}`),
        );
      }, withinMs);
      const check = () => {
        const found = look();
        if (found === undefined || found === false || found === null) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      void closed.then(({ code }) => {
        clearTimeout(timer);
        reject(new Error(`the socket closed with ${code}`));
      });
      check();
    });

  const frame = (holds: (frame: Frame) => boolean, withinMs?: number): Promise<Frame> =>
    until(() => frames.find(holds), withinMs);

  return {
    socket,
    frames,
    closed,
    send,
    until,
    frame,
    async hello(hello: Hello): Promise<Frame> {
      send({ type: 'hello', tab: 'tab-1', callSocket: false, takeOver: false, ...hello });
      return frame(({ type }) => type === 'welcome');
    },
    /** Subscribes, from where the replica is, and waits until it is live. */
    async subscribe(id: string, topic: string, params: object = {}, replica = new Replica()): Promise<Replica> {
      replicas.set(id, replica);
      replica.ask = (from) =>
        socket.readyState === WebSocket.OPEN && send({ type: 'subscribe', id, topic, params, from });
      replica.askAgain();
      await until(() => replica.isCaughtUp);
      return replica;
    },
    async close() {
      socket.close();
      return closed;
    },
  };
};
