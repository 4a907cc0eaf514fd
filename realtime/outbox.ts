import type { Socket } from './transport.ts';

/** What goes to one socket, and whether it follows. */
export type Outbox = {
  /** Sends at once; false when the socket is full or closed: then nothing was sent. */
  offer(text: string): boolean;
  /** Sends when there is room; resolves with false when the socket closed. */
  write(text: string): Promise<boolean>;
  /** The socket has read something. */
  drained(): void;
  /** All that was held up has been sent. */
  caughtUp(): void;
  closed(): void;
};

export type OutboxOptions = {
  socket: Socket;
  /** Bytes that may wait before live changes are held back. */
  highWater: number;
  /** How long a socket may stay behind, in ms. */
  maxLag: number;
  tooSlow(): void;
};

/** Keeps no queue: whoever is told that the socket is full tells the present state later. */
export const outbox = ({ socket, highWater, maxLag, tooSlow }: OutboxOptions): Outbox => {
  let isOpen = true;
  let lag: NodeJS.Timeout | null = null;
  let wake = () => {};

  const lagging = () => {
    lag ??= setTimeout(tooSlow, maxLag);
  };
  const following = () => {
    if (lag) clearTimeout(lag);
    lag = null;
  };

  const offer = (text: string) => {
    if (isOpen && socket.buffered() <= highWater && socket.send(text)) return true;
    if (isOpen) lagging();
    return false;
  };

  const room = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });

  return {
    offer,
    async write(text) {
      while (isOpen && socket.buffered() > highWater) {
        lagging();
        await room();
      }
      return isOpen && socket.send(text);
    },
    drained: () => wake(),
    caughtUp: following,
    closed() {
      isOpen = false;
      following();
      wake();
    },
  };
};
