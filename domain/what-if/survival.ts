/** Something watched from its beginning: what ended it after so long, or (`null`) that it still went on by then. */
export type Watched<W> = { readonly after: number; readonly what: W | null };
type Seen<W> = { readonly after: number; readonly what: W };

export type Survival<W> = {
  readonly watched: number;
  /** Of how many the end was seen. */
  readonly seen: number;
  /** How long the longest was watched. */
  readonly longest: number;
  /** One of the ends that come later than `beyond`; `null`: later than was ever watched. `chance` in [0, 1) says which. */
  draw(chance: number, beyond?: number): Seen<W> | null;
};

/** The first index from `from` on for which it holds; it holds for all after it. */
const firstIndex = (from: number, until: number, holds: (i: number) => boolean): number => {
  let [low, high] = [from, until];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
};

/**
 * How long such things last (Kaplan and Meier's estimate): those of which the end was not seen count for as long as they
 * were watched, so that whoever was cut off is not taken for quick.
 */
export const survivalOf = <W>(all: readonly Watched<W>[]): Survival<W> => {
  const inOrder = all.toSorted((a, b) => a.after - b.after || Number(a.what === null) - Number(b.what === null));
  const ends: Seen<W>[] = [];
  /** Which share of all is left after each end. */
  const left: number[] = [];
  for (const [i, { after, what }] of inOrder.entries()) {
    if (what === null) continue;
    ends.push({ after, what });
    left.push((left.at(-1) ?? 1) * (1 - 1 / (inOrder.length - i)));
  }
  return {
    watched: all.length,
    seen: ends.length,
    longest: inOrder.at(-1)?.after ?? 0,
    draw(chance, beyond = Number.NEGATIVE_INFINITY) {
      const from = firstIndex(0, ends.length, (i) => ends[i]!.after > beyond);
      const leftThen = left[from - 1] ?? 1;
      return ends[firstIndex(from, ends.length, (i) => left[i]! <= leftThen * chance)] ?? null;
    },
  };
};
