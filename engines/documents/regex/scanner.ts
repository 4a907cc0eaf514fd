import { DocumentError, notImplemented } from '../errors.ts';

/** The options that change how a pattern is read. */
export interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
}

/** The error for a pattern that is none. */
export const invalid = (reason: string): DocumentError =>
  new DocumentError(51091, `Regular expression is invalid: ${reason}`);

/** The error for what PCRE has and this server has not. */
export const unsupported = (part: string): DocumentError => notImplemented(`${part} in a regular expression`);

/** A pattern read from left to right, one code point at a time. */
export class Scanner {
  readonly source: string;
  at = 0;

  constructor(source: string) {
    this.source = source;
  }

  get isAtEnd(): boolean {
    return this.at >= this.source.length;
  }

  peek(): string {
    return this.isAtEnd ? '' : String.fromCodePoint(this.source.codePointAt(this.at)!);
  }

  next(): string {
    const char = this.peek();
    this.at += char.length;
    return char;
  }

  /** Takes this text if it comes next. */
  take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Takes what a sticky pattern matches here. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (found) this.at += found[0].length;
    return found;
  }

  /** Takes everything up to this text, and the text. */
  until(text: string, otherwise: string): string {
    const end = this.source.indexOf(text, this.at);
    if (end < 0) throw invalid(otherwise);
    const found = this.source.slice(this.at, end);
    this.at = end + text.length;
    return found;
  }
}
