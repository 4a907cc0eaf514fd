import type { WriteSide } from '../../commands/write-side.ts';

type Work = (w: WriteSide) => Promise<unknown>;
type Step = <A extends unknown[], R>(act: (...args: A) => Promise<R>) => (...args: A) => Promise<R>;

/**
 * Does several pieces of work side by side, one step at a time: a step is a look at a stream or a change of it. `order` says
 * who takes the next one, by their number among those who are not done yet.
 */
export const interleaved = async (
  w: WriteSide,
  works: readonly Work[],
  order: readonly number[],
): Promise<unknown[]> => {
  const waiting = new Map<number, () => void>();
  let atWork = works.length;
  let told = () => {};

  const stepOf =
    (who: number): Step =>
    (act) =>
    async (...args) => {
      atWork--;
      await new Promise<void>((resolve) => {
        waiting.set(who, resolve);
        told();
      });
      return act(...args);
    };

  const doing = works.map(async (work, who) => {
    const step = stepOf(who);
    const slow = { ...w, transact: step(w.transact as never), stateOf: step(w.stateOf as never) } as WriteSide;
    return work(slow).finally(() => {
      atWork--;
      told();
    });
  });

  const allWait = () =>
    new Promise<void>((resolve) => {
      told = () => atWork === 0 && resolve();
      told();
    });
  for (let turn = 0; ; turn++) {
    await allWait();
    if (waiting.size === 0) return Promise.all(doing);
    const all = [...waiting.keys()].toSorted((a, b) => a - b);
    const next = all[(order[turn] ?? 0) % all.length]!;
    const go = waiting.get(next)!;
    waiting.delete(next);
    atWork++;
    go();
  }
};
