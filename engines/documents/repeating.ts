const reportFault = (error: unknown): void => {
  process.stderr.write(`documents: ${error instanceof Error ? error.stack : String(error)}\n`);
};

/** Work that goes on in the background. */
export interface Repeating {
  /** Does it now, or as soon as the run under way is over. */
  run(): void;
  /** Ends it; resolves when no run is under way. */
  stop(): Promise<void>;
}

/** Work that repeats in the background, one run at a time, until it is stopped. */
export const repeating = (millis: number, work: () => Promise<void>): Repeating => {
  let running: Promise<unknown> = Promise.resolve();
  let isStopped = false;
  const run = (): void => {
    running = running.then(() => (isStopped ? undefined : work())).catch((error) => isStopped || reportFault(error));
  };
  const timer = setInterval(run, millis);
  return {
    run,
    stop: async (): Promise<void> => {
      isStopped = true;
      clearInterval(timer);
      await running;
    },
  };
};
