/** Runs at most `limit` of the works given to it at a time; the others wait their turn in order. */
export const turns = (limit: number) => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <R>(work: () => Promise<R>): Promise<R> => {
    if (running < limit) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
};

const courtesy = 1_000;

/**
 * Works under one key go one after another, in order, as long as each takes less than a second; works of other keys do not
 * wait. So it spares conflicts where they are dear, and holds up nobody behind a work that hangs.
 */
export const turnsByKey = () => {
  const last = new Map<string, Promise<unknown>>();
  return async <R>(key: string, work: () => Promise<R>): Promise<R> => {
    const before = last.get(key);
    const mine = before ? soon(before).then(work) : work();
    last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (last.get(key) === mine) last.delete(key);
    }
  };
};

/** Resolves when the work is over, however it ends, or when courtesy is. */
const soon = (work: Promise<unknown>) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, courtesy);
    const go = () => {
      clearTimeout(timer);
      resolve();
    };
    work.then(go, go);
  });
