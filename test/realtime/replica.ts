import type { Frame } from './client.ts';

type Place = { epoch: string; position: string };

/** A page's copy of a subscription, kept by the rules of the protocol, and what was seen on the way. */
export class Replica {
  rows = new Map<string, Frame>();
  place: Place | null = null;
  isCaughtUp = false;
  snapshots = 0;
  resumed = 0;
  /** Changes that came although they, or later ones, were here already. */
  repeats = 0;
  /** Changes or heads that told of one that was missing. */
  gaps = 0;
  ask: (from: Place | null) => unknown = () => {};
  #parts: Frame[] = [];
  #isPending = false;

  /** Asks for what is missing, from the place that is known. */
  askAgain() {
    this.isCaughtUp = false;
    this.#isPending = true;
    this.#parts = [];
    this.ask(this.place);
  }

  take(frame: Frame) {
    if (frame.type === 'snapshot') this.#snapshot(frame);
    if (frame.type === 'change') this.#change(frame);
    if (frame.type === 'caught-up') this.isCaughtUp = true;
  }

  /** A heartbeat's head for this subscription. */
  head(position: string | undefined) {
    if (position === undefined || this.#isPending || !this.place) return;
    if (BigInt(position) > BigInt(this.place.position)) this.#gap();
  }

  #snapshot({ items, last, epoch, position }: Frame) {
    this.#parts.push(...items);
    if (!last) return;
    this.rows = new Map(this.#parts.map(({ key, doc }) => [key, doc]));
    this.#parts = [];
    this.place = { epoch, position };
    this.#isPending = false;
    this.snapshots++;
  }

  #change({ epoch, position, prev, ops, resumed }: Frame) {
    if (resumed) {
      this.#isPending = false;
      this.resumed++;
    }
    if (this.#isPending || this.place === null) return;
    const here = BigInt(this.place.position);
    if (!resumed && BigInt(position) <= here) return void this.repeats++;
    if (BigInt(prev) > here || epoch !== this.place.epoch) return this.#gap();
    for (const { op, key, doc } of ops) op === 'upsert' ? this.rows.set(key, doc) : this.rows.delete(key);
    this.place = { epoch, position };
  }

  #gap() {
    this.gaps++;
    this.askAgain();
  }
}
