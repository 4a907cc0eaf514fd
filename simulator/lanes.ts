import type { Cancel, Timers } from './timers.ts';

/** A webhook written and not yet taken: when it is to be tried next, and how often that was in vain. */
export type Letter = { readonly about: string; readonly body: string; tries: number; dueAt: number };

/** The letters about one conversation, in the order they are sent. */
type Lane = { readonly letters: Letter[]; isSending: boolean; retry?: Cancel };

/** How often a letter not answered with 200 is tried again, each wait twice the one before: 1 s to about 34 min. */
const retries = 12;
const backOff = (attempt: number) => 1_000 * 2 ** (attempt - 1);

/** More than this wait for nobody: the oldest is given up. */
const mostWaiting = 10_000;

type Parts = {
  timers: Timers;
  now: () => number;
  /** Answers the HTTP status. */
  post: (body: Buffer) => Promise<number>;
  signal: AbortSignal;
  /** A letter was written, taken or given up. */
  changed: () => void;
};

/**
 * Brings letters in order per conversation, again until answered with 200. One that waits for its next try holds back
 * those behind it; when one joins them it is tried at once, so that whoever listens again hears of everything.
 */
export function createLanes({ timers, now, post, signal, changed }: Parts) {
  const waiting = new Set<Letter>();
  const lanes = new Map<string, Lane>();
  const underway = new Set<Promise<void>>();
  let givenUp = 0;

  const remove = (letter: Letter) => {
    waiting.delete(letter);
    const letters = lanes.get(letter.about)?.letters ?? [];
    if (letters.includes(letter)) letters.splice(letters.indexOf(letter), 1);
  };

  const giveUp = (letter: Letter) => {
    remove(letter);
    givenUp += 1;
  };

  /** A letter that was tried before it was due has not used up a try. */
  const failed = (letter: Letter) => {
    if (now() < letter.dueAt) return;
    letter.tries += 1;
    letter.dueAt = now() + backOff(letter.tries);
    if (letter.tries > retries) giveUp(letter);
  };

  const send = async (lane: Lane) => {
    for (let letter = lane.letters[0]; letter; letter = lane.letters[0]) {
      const status = await post(Buffer.from(letter.body));
      if (signal.aborted) return;
      if (status === 200) remove(letter);
      else failed(letter);
      changed();
      if (lane.letters[0] === letter) return waitForRetry(lane, letter);
    }
    lane.isSending = false;
  };

  const waitForRetry = (lane: Lane, { dueAt }: Letter) => {
    lane.isSending = false;
    lane.retry = timers.after(dueAt - now(), () => wake(lane));
  };

  const wake = (lane: Lane) => {
    lane.retry?.();
    if (lane.isSending) return;
    lane.isSending = true;
    const sending = send(lane).then(() => void underway.delete(sending));
    underway.add(sending);
  };

  return {
    /** Everything written and not yet taken, the oldest first. */
    waiting: (): readonly Letter[] => [...waiting],
    givenUp: () => givenUp,
    /** A new letter, which goes nowhere before it is queued. */
    write: (about: string, body: string): Letter => {
      const letter = { about, body, tries: 0, dueAt: now() };
      waiting.add(letter);
      const [oldest] = waiting;
      if (oldest && waiting.size > mostWaiting) giveUp(oldest);
      changed();
      return letter;
    },
    queue: (letter: Letter) => {
      if (!waiting.has(letter)) return;
      const lane = lanes.get(letter.about) ?? { letters: [], isSending: false };
      lanes.set(letter.about, lane);
      lane.letters.push(letter);
      wake(lane);
    },
    /** Resolves once every letter on its way has been answered, or has failed and waits for its next try. */
    delivered: async () => {
      while (underway.size > 0) await Promise.all(underway);
    },
  };
}
