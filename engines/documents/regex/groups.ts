import { type Flags, invalid, unsupported } from './scanner.ts';

/** A group that is open: its flags go back to these when it closes. */
interface Group {
  readonly flags: Flags;
  readonly number: number;
  readonly isLookbehind: boolean;
  readonly isNegative: boolean;
}

/** How a group begins, after its parenthesis and question mark. */
export type Opening = '' | ':' | '=' | '!' | '<=' | '<!';

/** The groups of a pattern: which are open, how they are called, and which are sure to take part in every match. */
export class Groups {
  private readonly open: Group[] = [];
  private captures = 0;
  /** Groups that every match passes, once, so that what they hold is never in doubt. */
  private readonly certain = new Set<number>();
  private readonly names = new Map<string, number>();

  get areClosed(): boolean {
    return this.open.length === 0;
  }

  get isInLookbehind(): boolean {
    return this.open.some(({ isLookbehind }) => isLookbehind);
  }

  /** Counts a group that captures; says its number. */
  capture(name?: string): number {
    this.captures += 1;
    if (name !== undefined) {
      if (this.names.has(name)) throw invalid('two named subpatterns have the same name');
      this.names.set(name, this.captures);
    }
    return this.captures;
  }

  enter(flags: Flags, number: number, opening: Opening): void {
    this.open.push({ flags, number, isLookbehind: opening.startsWith('<'), isNegative: opening.endsWith('!') });
  }

  /** Closes the innermost group. */
  close(): Group {
    const group = this.open.pop();
    if (!group) throw invalid('unmatched closing parenthesis');
    return group;
  }

  /** Notes whether what a closed group holds is certain; a repetition makes all before it doubtful. */
  noteClosed({ number, isNegative }: Group, isRepeated: boolean): void {
    if (isRepeated) this.certain.clear();
    else if (number > 0 && !isNegative && !this.open.some((outer) => outer.isNegative)) this.certain.add(number);
  }

  numberOf(name: string): number {
    return this.names.get(name) ?? 0;
  }

  /** PCRE fails where a group that took no part is referred to, JavaScript does not; so it must have taken part. */
  assertCertain(number: number): void {
    if (number > 9 || !this.certain.has(number)) throw unsupported('a back reference to a group that may be unset');
  }
}
