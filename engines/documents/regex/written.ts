import { type Effort, EffortCount } from './effort.ts';
import { RequiredText } from './required-text.ts';

/** A pattern as JavaScript writes it, and what is known of its matches. */
export interface Translated {
  readonly source: string;
  readonly ignoresCase: boolean;
  /** How much work a match may be. */
  readonly effort: Effort;
  /** What every match contains. */
  readonly required: string;
}

/** The JavaScript pattern while it is written. */
export class Written {
  private source = '';
  private depth = 0;
  private readonly effort = new EffortCount();
  private readonly required = new RequiredText();
  private readonly ignoresCase: boolean;

  constructor(ignoresCase: boolean) {
    this.ignoresCase = ignoresCase;
  }

  assertion(text: string): void {
    this.source += text;
  }

  /** A part that may be repeated; `meaning` is the text it stands for, if it is a certain one. */
  atom(text: string, quantifier: string, meaning = ''): void {
    this.source += text + quantifier;
    this.effort.atom(quantifier);
    const isRequired = meaning !== '' && quantifier === '' && this.depth === 0 && !this.ignoresCase;
    if (isRequired) this.required.add(meaning);
    else this.required.interrupt();
  }

  alternative(): void {
    this.source += '|';
    this.effort.alternative();
    if (this.depth === 0) this.required.giveUp();
  }

  enter(text: string): void {
    this.source += text;
    this.depth += 1;
    this.effort.enter();
    this.required.interrupt();
  }

  leave(quantifier: string): void {
    this.source += `)${quantifier}`;
    this.depth -= 1;
    this.effort.leave(quantifier);
  }

  done(): Translated {
    const { source, ignoresCase } = this;
    return { source, ignoresCase, effort: this.effort.total(), required: this.required.text };
  }
}
