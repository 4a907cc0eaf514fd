import { once } from 'node:events';
import { WebSocket } from 'ws';
import { eventually } from './ringbook.ts';

// biome-ignore lint/suspicious/noExplicitAny: frames are looked into by tests, each in its own way
type Frame = any;

/** An agent's page as far as the server can tell: a socket that keeps every frame, newest last. */
export type Page = {
  readonly frames: Frame[];
  send(frame: object): void;
  /** The first frame, seen or still to come, that satisfies. */
  until(holds: (frame: Frame) => boolean, withinMs?: number): Promise<Frame>;
  /** What the page would show of a subscription: its keys and documents. */
  shown(subscription: string): Map<string, Frame>;
  close(): Promise<void>;
};

/** Opens the page's socket and says hello; acknowledges offers by itself unless told otherwise. */
export const openPage = async (
  url: string,
  hello: { token: string; tab?: string; callSocket?: boolean; takeOver?: boolean },
  { acknowledge = true } = {},
): Promise<Page> => {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws').replace(/\/v1\/realtime$/, '')}/v1/realtime`);
  const frames: Frame[] = [];
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    for (const frame of Array.isArray(message) ? message : [message]) {
      frames.push(frame);
      if (acknowledge && frame.type === 'call.offer') send({ type: 'offer-ack', offerId: frame.offerId });
    }
  });
  const send = (frame: object) => socket.send(JSON.stringify(frame));
  await once(socket, 'open');
  send({ type: 'hello', tab: 'tab-1', callSocket: true, takeOver: false, ...hello });
  const until: Page['until'] = (holds, withinMs) =>
    eventually(
      async () => frames.find(holds),
      (frame) => frame !== undefined,
      withinMs,
    );
  await until(({ type }) => type === 'welcome');
  return {
    frames,
    send,
    until,
    shown: (subscription) => replica(frames, subscription),
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
};

const replica = (frames: readonly Frame[], id: string) => {
  const rows = new Map<string, Frame>();
  for (const frame of frames.filter((frame) => frame.id === id)) {
    for (const { key, doc } of frame.items ?? []) rows.set(key, doc);
    for (const { op, key, doc } of frame.ops ?? []) op === 'upsert' ? rows.set(key, doc) : rows.delete(key);
  }
  return rows;
};
