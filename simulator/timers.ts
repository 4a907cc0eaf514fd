/** The time the simulator and the program under test share: milliseconds since 1970, moved forward by `advance`. */
export type Clock = { now(): number; advance(ms: number): Promise<void> };

type Timer = { readonly at: number; readonly fire: () => void };

/** Ends a timer that has not fired; harmless afterwards. */
export type Cancel = () => void;

export type Timers = ReturnType<typeof timersOn>;

/** A host may move its clock without telling us, so no real wait is longer than this. */
const longestWait = 1_000;

/** Timers on the shared clock: real waiting while it runs by itself, at once when `fireDue` follows an advance. */
export function timersOn(clock: Clock) {
  const waiting: Timer[] = [];
  let alarm: NodeJS.Timeout | undefined;

  const arm = () => {
    clearTimeout(alarm);
    const next = waiting[0];
    if (next) alarm = setTimeout(fireDue, Math.min(Math.max(next.at - clock.now(), 0), longestWait));
  };

  /** Fires what is due now, earliest first and first come first served. */
  const fireDue = () => {
    for (let next = waiting[0]; next && next.at <= clock.now(); next = waiting[0]) {
      waiting.shift();
      next.fire();
    }
    arm();
  };

  const after = (ms: number, fire: () => void): Cancel => {
    const timer = { at: clock.now() + ms, fire };
    waiting.splice(waiting.findLastIndex((other) => other.at <= timer.at) + 1, 0, timer);
    arm();
    return () => {
      const index = waiting.indexOf(timer);
      if (index >= 0) waiting.splice(index, 1);
    };
  };

  const stop = () => {
    clearTimeout(alarm);
    waiting.length = 0;
  };

  return { after, fireDue, stop, nextAt: () => waiting[0]?.at };
}
