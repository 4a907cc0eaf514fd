/** The key under which every change is announced. */
export const ALL = '$all';

/** Wakes those who wait for new events, by stream name or for all. */
export class Changes {
  private readonly watchers = new Map<string, Set<() => void>>();

  /** Calls `wake` at every change of `key`, until the returned function is called. */
  watch(key: string, wake: () => void): () => void {
    const group = this.watchers.get(key) ?? new Set();
    this.watchers.set(key, group.add(wake));
    return () => {
      group.delete(wake);
      if (group.size === 0 && this.watchers.get(key) === group) this.watchers.delete(key);
    };
  }

  get isWatched(): boolean {
    return this.watchers.size > 0;
  }

  announce(key: string): void {
    for (const wake of this.watchers.get(key) ?? []) wake();
  }
}

/** A bell that remembers one ring until somebody waits for it. */
export class Bell {
  private hasRung = false;
  private listener: (() => void) | undefined;

  readonly ring = (): void => {
    this.hasRung = true;
    this.listener?.();
  };

  async wait(): Promise<void> {
    if (!this.hasRung) await new Promise<void>((heard) => (this.listener = heard));
    this.hasRung = false;
    this.listener = undefined;
  }
}
