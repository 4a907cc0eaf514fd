/** How many ways there are to match: so many choices, as a power of two, and so many that grow with the text. */
export interface Effort {
  readonly choices: number;
  readonly lengths: number;
}

interface Open {
  choices: number;
  lengths: number;
  alternatives: number;
}

const fixed: Effort = { choices: 0, lengths: 0 };

/** How often a quantifier repeats, at least and at most. */
const repetition = (quantifier: string): { least: number; most: number } => {
  if (quantifier === '') return { least: 1, most: 1 };
  const counted = /^\{(\d+)(,?)(\d*)\}/.exec(quantifier);
  if (!counted) return { least: 0, most: quantifier.startsWith('?') ? 1 : Number.POSITIVE_INFINITY };
  const least = Number(counted[1]);
  if (counted[2] === '') return { least, most: least };
  return { least, most: counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]) };
};

const repeated = ({ choices, lengths }: Effort, quantifier: string): Effort => {
  const { least, most } = repetition(quantifier);
  if (most === 0) return fixed;
  if (most === Number.POSITIVE_INFINITY) return { choices, lengths: choices + lengths > 0 ? most : 1 };
  return { choices: choices * most + Math.log2(most - least + 1), lengths: lengths * most };
};

/** Counts, while a pattern is read, how much work a match may be. */
export class EffortCount {
  private readonly open: Open[] = [{ ...fixed, alternatives: 1 }];

  private add({ choices, lengths }: Effort): void {
    const group = this.open.at(-1)!;
    group.choices += choices;
    group.lengths += lengths;
  }

  /** A character or set, with its quantifier. */
  atom(quantifier: string): void {
    this.add(repeated(fixed, quantifier));
  }

  alternative(): void {
    this.open.at(-1)!.alternatives += 1;
  }

  enter(): void {
    this.open.push({ ...fixed, alternatives: 1 });
  }

  /** The end of a group, with its quantifier. */
  leave(quantifier: string): void {
    this.add(repeated(this.close(), quantifier));
  }

  private close(): Effort {
    const { choices, lengths, alternatives } = this.open.pop()!;
    return { choices: choices + Math.log2(alternatives), lengths };
  }

  /** What it comes to, at the end of the pattern. */
  total(): Effort {
    return this.close();
  }
}

/** As powers of two: what a text costs each character where repetitions repeat, and what a match may cost unwatched. */
const perCharacter = 2;
const harmless = 22;

/** Whether a match on a text of this length may take too long. */
export const mayTakeLong = ({ choices, lengths }: Effort, length: number): boolean => {
  if (lengths === Number.POSITIVE_INFINITY) return choices + length * perCharacter > harmless;
  return choices + (lengths + 1) * Math.log2(length + 1) > harmless && choices + lengths > 0;
};
