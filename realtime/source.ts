import type { Observable } from 'rxjs';
import type { ReadModel } from '../projections/reader.ts';
import { badge, type Feed, look, publish, type Subscriber, unheld } from './feed.ts';
import type { Question } from './topics.ts';
import { follow, type Place, type Window } from './windows.ts';

/** A read model that is followed, and the feeds that show parts of it. */
export type Source = {
  readonly model: ReadModel<object>;
  place(): Place;
  /** The feed that answers a question; the same for all who ask it. */
  feed(question: Question): Feed;
  stop(): void;
};

/** Takes every window, if there is a `take`, and hears when the read model was begun or built anew. */
export type Listener = { take?(window: Window): Promise<void>; restarted(place: Place): Promise<void> };

type Options = {
  model: ReadModel<object>;
  from: Place;
  heads: Observable<Place>;
  /** Takes part besides the feeds. */
  listener: Listener;
  fault(error: unknown): void;
};

/** Begins to follow a read model. */
export const openSource = ({ model, from, heads, listener, fault }: Options): Source => {
  let place = from;
  const feeds = new Map<string, Feed>();

  const take = async (window: Window, next: Place) => {
    const touched = [...feeds.values()].filter(({ question }) => window.changes.has(question.store));
    const [looked] = await Promise.all([
      Promise.all(touched.map((feed) => lookAt(feed, window, next))),
      listener.take?.(window),
    ]);
    place = next; // from here on nothing can fail, so that no window is told twice
    for (const { feed, rows, badges } of looked) publish(feed, rows, badges, next);
  };

  const restarted = (next: Place) => {
    place = next;
    for (const feed of feeds.values()) {
      Object.assign(feed, unheld(next));
      for (const subscriber of feed.subscribers) subscriber.fallBehind();
    }
    listener.restarted(next).catch(fault);
  };

  const begin = (question: Question): Feed => {
    const subscribers = new Set<Subscriber>();
    return {
      question,
      model,
      place: () => place,
      subscribers,
      join: (subscriber) => void subscribers.add(subscriber),
      leave: (subscriber) => {
        subscribers.delete(subscriber);
        if (subscribers.size === 0) feeds.delete(question.key);
      },
      joining: 0,
      ...unheld(place),
    };
  };

  const isWanted = () => feeds.size > 0 || listener.take !== undefined;
  const passed = (next: Place) => {
    place = next;
  };
  const following = follow({ model, from, heads, isWanted, take, passed, restarted, fault }).subscribe();
  return {
    model,
    place: () => place,
    feed(question) {
      const { key } = question;
      const feed = feeds.get(key) ?? begin(question);
      feeds.set(key, feed);
      return feed;
    },
    stop: () => following.unsubscribe(),
  };
};

const lookAt = async (feed: Feed, window: Window, { position }: Place) => {
  const { store } = feed.question;
  const changes = window.changes.get(store) ?? [];
  const [rows, badges] = await Promise.all([look(feed, changes, () => window.documents(store)), badge(feed, position)]);
  return { feed, rows, badges };
};
