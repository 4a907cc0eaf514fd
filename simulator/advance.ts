import type { Clock, Timers } from './timers.ts';

type Deps = {
  clock: Clock;
  timers: Timers;
  delivered(): Promise<void>;
  settle(now: number): Promise<void>;
};

/**
 * Moves the shared clock by `ms`, stopping at every timer of the simulator on the way: what the program has due
 * before it comes first (and may cancel it), then the timer and the webhooks it sends, then the next.
 */
export function advanceTogether({ clock, timers, delivered, settle }: Deps) {
  let turn = Promise.resolve();

  const moveTo = async (at: number) => {
    const left = at - clock.now();
    if (left > 0) await clock.advance(left);
  };

  const fireDue = async () => {
    timers.fireDue();
    await delivered();
  };

  const advance = async (ms: number) => {
    const until = clock.now() + ms;
    for (let next = timers.nextAt(); next !== undefined && next <= until; next = timers.nextAt()) {
      await moveTo(next - 1);
      await settle(clock.now());
      await moveTo(next);
      await fireDue();
    }
    await moveTo(until);
    await settle(clock.now());
    await delivered();
  };

  return (ms: number): Promise<void> => {
    const mine = turn.then(() => advance(ms));
    turn = mine.catch(() => undefined);
    return mine;
  };
}
