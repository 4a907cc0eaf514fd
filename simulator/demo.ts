import { setTimeout as realWait } from 'node:timers/promises';
import type { Customers, With } from './customers.ts';
import { Problem } from './problem.ts';
import { seededRandom } from './random.ts';

/** The demo store's numbers, which its channels must be connected to. */
export const demoChannels = ['800000000000001', '800000000000002'] as const;

const names = [
  'Asha Rao',
  'Bilal Khan',
  'Chitra Menon',
  'Dev Patel',
  'Esha Gupta',
  'Farhan Ali',
  'Gita Nair',
  'Harsh Vardhan',
  'Isha Kapoor',
  'Jatin Shah',
  'Kavya Iyer',
  'Lokesh Reddy',
];

/** Synthetic people: 910000000071 and on. */
export const demoPeople = names.map((name, index) => ({ name, waId: String(910_000_000_071 + index) }));

const questions = [
  'Where is my order?',
  'Can I still change the delivery address?',
  'The kurta is one size too small, can I exchange it?',
  'Please call me when you are free.',
  'Do you deliver to Pune?',
];

type Options = {
  readonly customers: Customers;
  readonly seed?: number;
  /** Resolves after `ms` or rejects when the signal aborts; real time unless a test says otherwise. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
};

const inReality = (ms: number, signal: AbortSignal) => realWait(ms, undefined, { signal });

/**
 * A quiet day at the demo store, in real time so that moving the clock starts no storm: the first customer calls
 * within 15 s, then about one a minute calls or writes; those whom an agent asks or rings respond. The same seed
 * gives the same day. `stop` ends it at once.
 */
export function startDemo({ customers, seed = 1, wait = inReality }: Options): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;

  const visits = async () => {
    const dice = diceOf(seed);
    await wait(dice.between(6_000, 14_000), signal);
    for (let first = true; ; first = false) {
      visit(customers, dice, first);
      await wait(dice.between(40_000, 80_000), signal);
    }
  };

  const responses = async () => {
    const dice = diceOf(seed + 1);
    for (;;) {
      await wait(3_000, signal);
      for (const { waId } of demoPeople) {
        for (const channelId of demoChannels) respond(customers, dice, { waId, channelId });
      }
    }
  };

  const untilStopped = (fault: unknown) => {
    if (!signal.aborted) throw fault;
  };
  const running = Promise.all([visits().catch(untilStopped), responses().catch(untilStopped)]);
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

type Dice = ReturnType<typeof diceOf>;

function diceOf(seed: number) {
  const random = seededRandom(seed);
  const between = (least: number, most: number) => Math.round(least + random() * (most - least));
  const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  return { between, oneOf, chance: (probability: number) => random() < probability };
}

/** A customer calls, patiently or not, or writes; one who is already in a call lets it be. */
function visit(customers: Customers, dice: Dice, mustCall: boolean) {
  const { name, waId } = dice.oneOf(demoPeople);
  const who = { waId, channelId: dice.oneOf(demoChannels) };
  const [writes, patient] = [dice.chance(0.25), dice.chance(0.7)];
  const hangUpAfter = patient ? dice.between(70, 180) : dice.between(6, 20);
  unlessRefused(() => {
    if (writes && !mustCall) customers.write(who, dice.oneOf(questions));
    else customers.call(who, { name, hangUpAfter });
  });
}

/** Whoever is asked for permission mostly gives it; whoever is rung picks up within seconds. */
function respond(customers: Customers, dice: Dice, who: With) {
  unlessRefused(() => {
    if (customers.isAsked(who)) {
      customers.permit(who, { response: dice.chance(0.85) ? 'accept' : 'reject', source: 'request' });
    }
    if (customers.isRinging(who) && dice.chance(0.5)) customers.answer(who, { hangUpAfter: dice.between(30, 120) });
  });
}

/** Lets a customer do something, if it can be done just now. */
export function unlessRefused(act: () => void) {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}
