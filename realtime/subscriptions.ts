import { pause } from '../store/back-off.ts';
import { catchUp, type IsKept } from './catch-up.ts';
import type { Feed, Subscriber } from './feed.ts';
import { FrameError } from './frames.ts';
import type { Outbox } from './outbox.ts';
import type { Source } from './source.ts';
import type { Question } from './topics.ts';
import type { Place } from './windows.ts';

const maxSubscriptions = 20;
const retryMs = 250;

type Options = { outbox: Outbox; isKept: IsKept; fault(error: unknown): void };

/** The subscriptions of one socket. Those that are behind are caught up one after the other. */
export const subscriptions = ({ outbox, isKept, fault }: Options) => {
  const all = new Map<string, Subscriber>();
  let isOpen = true;
  let isPumping = false;

  const behind = () => [...all.values()].find(({ isLive }) => !isLive);

  const pump = async () => {
    if (isPumping) return;
    isPumping = true;
    for (let next = behind(); next && isOpen; next = behind()) {
      await catchUp(next, outbox, isKept).catch(async (error) => {
        fault(error);
        await pause(retryMs);
      });
    }
    isPumping = false;
    outbox.caughtUp();
  };

  const remove = (id: string) => {
    const subscriber = all.get(id);
    subscriber?.feed.leave(subscriber);
    return all.delete(id);
  };

  return {
    /** Begins one, or begins it again from what the client has now. */
    add(id: string, source: Source, question: Question, has: Place | null) {
      if (!isOpen) return;
      remove(id);
      if (all.size >= maxSubscriptions)
        throw new FrameError(
          'subscription.too_many',
          `a socket has at most ${maxSubscriptions}: end another one first`,
        );
      const feed = source.feed(question);
      const subscriber = subscriberOf({ id, feed, has, outbox, pump });
      all.set(id, subscriber);
      feed.join(subscriber);
      void pump();
    },
    remove,
    all: () => [...all.values()],
    close() {
      isOpen = false;
      for (const id of [...all.keys()]) remove(id);
    },
  };
};

type Begun = { id: string; feed: Feed; has: Place | null; outbox: Outbox; pump(): Promise<void> };

const subscriberOf = ({ id, feed, has, outbox, pump }: Begun): Subscriber => {
  const subscriber: Subscriber = {
    id,
    feed,
    has,
    isLive: false,
    tell(frames, epoch) {
      if (!subscriber.isLive) return;
      for (const { position, textFor } of frames) {
        if (subscriber.has && position <= subscriber.has.position) continue;
        if (!outbox.offer(textFor(id))) return subscriber.fallBehind();
        subscriber.has = { epoch, position };
      }
    },
    fallBehind() {
      subscriber.isLive = false;
      void pump();
    },
  };
  return subscriber;
};
