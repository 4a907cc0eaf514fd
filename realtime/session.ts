import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Verify } from '../http/caller.ts';
import type { Directory } from '../store/directory.ts';
import type { CallDesk } from './call-desk.ts';
import type { IsKept } from './catch-up.ts';
import { type CloseReason, closeCode, FrameError, parseFrame } from './frames.ts';
import { heartbeat } from './heartbeat.ts';
import { identity } from './identity.ts';
import { outbox } from './outbox.ts';
import type { Seat } from './seat.ts';
import { type Conversation, respond } from './session-frames.ts';
import type { Source } from './source.ts';
import { subscriptions } from './subscriptions.ts';
import type { Question } from './topics.ts';
import type { Socket, SocketHandlers } from './transport.ts';

export type Limits = {
  /** How long a client may take to say hello, in ms. */
  readonly helloMs: number;
  readonly heartbeatMs: number;
  /** Bytes that may wait for a socket before live changes are held back. */
  readonly highWater: number;
  /** How long a socket may stay behind, in ms. */
  readonly maxLagMs: number;
};

export type SessionContext = {
  readonly verify: Verify;
  readonly desk: CallDesk;
  readonly isKept: IsKept;
  readonly directory: Pick<Directory, 'find'>;
  readonly limits: Limits;
  readonly now: () => number;
  readonly logger: Logger;
  source(question: Question): Source;
  /** Up to where every read model is told. */
  reached(): bigint;
};

export type Session = SocketHandlers & {
  beat(): void;
  end(reason: CloseReason): void;
  drop(): void;
  /** Resolves when the socket is closed and the call socket, if it was one, has been given back. */
  readonly over: Promise<void>;
};

/** Frames of one message, and messages that wait to be handled. */
const maxFrames = 50;
const maxWaiting = 100;

/** One socket from hello to its end: its frames are handled one after the other, and none can end the process. */
export const session = (socket: Socket, context: SessionContext): Session => {
  const { limits, desk, logger } = context;
  const { highWater, maxLagMs: maxLag } = limits;
  const id = `ses_${randomUUID()}`;
  const seats: Seat[] = [];
  let isOpen = true;
  let waiting = 0;
  let work = Promise.resolve();
  let isOver = () => {};
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });

  const end = (reason: CloseReason) => socket.end(closeCode[reason], reason);
  const say = (frame: object) => {
    if (isOpen && !socket.send(JSON.stringify(frame))) end('tooSlow');
  };
  const fault = (error: unknown) => logger.error({ sessionId: id, err: error }, 'realtime session failed');
  const who = identity({ verify: context.verify, expired: () => end('token') });
  const box = outbox({ socket, highWater, maxLag, tooSlow: () => end('tooSlow') });
  const subs = subscriptions({ outbox: box, isKept: context.isKept, fault });
  const helloTimer = setTimeout(() => end('token'), limits.helloMs);
  const beat = () => who.isKnown() && say(heartbeat(subs.all(), context.reached(), context.now()));
  const conversation: Conversation = {
    ...context,
    id,
    who,
    subs,
    say,
    beat,
    seat: () => seats[0] ?? null,
    sit: (seat) => seats.push(seat),
    greeted: () => clearTimeout(helloTimer),
  };

  const handle = async (frame: unknown) => {
    try {
      await respond(conversation, parseFrame(frame));
    } catch (error) {
      say({ type: 'error', re: nameOf(frame), ...told(error) });
      if (!(error instanceof FrameError)) fault(error);
      if (!who.isKnown()) end(error instanceof FrameError ? 'token' : 'fault');
    }
  };

  const giveBack = async () => {
    for (const seat of seats) await desk.leave(seat).catch(fault);
  };

  return {
    message(text) {
      if (++waiting > maxWaiting) return end('tooSlow');
      work = work.then(async () => {
        for (const frame of framesOf(text)) if (isOpen) await handle(frame);
        waiting--;
      });
    },
    drain: box.drained,
    closed() {
      isOpen = false;
      clearTimeout(helloTimer);
      who.end();
      subs.close();
      box.closed();
      void work.then(giveBack).then(isOver); // a hello under way may still bring a call socket
    },
    beat,
    end,
    drop: socket.drop,
    over,
  };
};

/** What a message holds; what is not JSON is one frame that says so. */
const framesOf = (text: string): readonly unknown[] => {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.slice(0, maxFrames) : [parsed];
  } catch {
    return [text];
  }
};

/** Which frame an error answers: the id of its subscription, or else its type. */
const nameOf = (frame: unknown) => {
  const { id, type } = (frame ?? {}) as { id?: unknown; type?: unknown };
  return [id, type].find((name) => typeof name === 'string') ?? null;
};

const told = (error: unknown) =>
  error instanceof FrameError
    ? { code: error.code, detail: error.message }
    : { code: 'internal', detail: 'something went wrong on our side; try again' };
