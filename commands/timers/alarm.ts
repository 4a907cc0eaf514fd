/** Wakes the loops when a timer may be due earlier than they thought: one was set, or the clock was moved. */
export type Alarm = {
  ring(): void;
  /** Aborts at the next ring from now: ask for it before looking at what is due, and no ring is lost. */
  next(): AbortSignal;
};

export const alarm = (): Alarm => {
  let coming = new AbortController();
  return {
    ring() {
      const rung = coming;
      coming = new AbortController();
      rung.abort();
    },
    next: () => coming.signal,
  };
};
