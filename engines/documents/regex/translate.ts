import { endAssertion, escapedAssertion, startAssertion, word } from './assertions.ts';
import { readClass } from './classes.ts';
import { literal, readEscape } from './escapes.ts';
import { Groups, type Opening } from './groups.ts';
import { type Flags, invalid, Scanner, unsupported } from './scanner.ts';
import { type Translated, Written } from './written.ts';

/**
 * Writes a PCRE pattern for JavaScript, with the same meaning: what `.`, `^`, `$` and the sets match differs, and so does
 * the syntax. What JavaScript cannot express is refused. The result is for the flags `u` and perhaps `i`.
 */
class Translation {
  private readonly scan: Scanner;
  private flags: Flags;
  private readonly groups = new Groups();
  private readonly out: Written;
  private hasReference = false;
  private hasAlternatives = false;

  constructor(source: string, flags: Flags) {
    this.scan = new Scanner(source);
    this.flags = flags;
    this.leadingFlags();
    this.out = new Written(this.flags.i);
  }

  run(): Translated {
    while (!this.scan.isAtEnd) this.part();
    if (!this.groups.areClosed) throw invalid('missing closing parenthesis');
    if (this.hasReference && this.hasAlternatives) throw unsupported('a back reference beside alternatives');
    return this.out.done();
  }

  private leadingFlags(): void {
    const found = this.scan.match(/\(\?([imsx]+)\)/y);
    if (found) this.flags = changed(this.flags, found[1]!);
  }

  private part(): void {
    this.skipIgnored();
    const char = this.scan.next();
    if (char === '') return;
    const special = this.parts[char];
    if (special) special();
    else this.character(char);
  }

  /** With option x white space and comments mean nothing. */
  private skipIgnored(): void {
    if (this.flags.x) this.scan.match(/(?:[\t-\r \u0085\u200e\u200f\u2028\u2029]|#[^\n]*\n?)*/y);
  }

  private readonly parts: Readonly<Record<string, () => void>> = {
    '.': () => this.atom(this.flags.s ? '[^]' : '[^\\n]'),
    '^': () => this.assertion(startAssertion(this.flags)),
    $: () => this.assertion(endAssertion(this.flags)),
    '[': () => this.atom(readClass(this.scan, this.flags)),
    '\\': () => this.escape(),
    '(': () => this.group(),
    ')': () => this.close(),
    '|': () => {
      this.hasAlternatives = true;
      this.out.alternative();
    },
    '*': () => this.dangling(),
    '+': () => this.dangling(),
    '?': () => this.dangling(),
  };

  private dangling(): never {
    throw invalid('quantifier does not follow a repeatable item');
  }

  /** An assertion; PCRE lets it be repeated, which makes no sense. */
  private assertion(text: string): void {
    this.out.assertion(text);
    if (this.quantifier() !== '') throw unsupported('a repeated assertion');
  }

  /** A part that can be repeated, with its quantifier. */
  private atom(text: string): void {
    this.out.atom(text, this.quantifier());
  }

  private character(char: string): void {
    this.out.atom(literal(char), this.quantifier(), char);
  }

  private quantifier(): string {
    this.skipIgnored();
    if (this.scan.match(/\{,\d+\}/y)) throw unsupported('{,n}');
    const found = this.scan.match(/([*+?]|\{\d+(?:,\d*)?\})([+?]?)/y);
    if (!found) return '';
    if (found[2] === '+') throw unsupported('a possessive quantifier');
    if (this.groups.isInLookbehind && !/^\{\d+\}$/.test(found[1]!))
      throw invalid('lookbehind assertion is not fixed length');
    return found[0];
  }

  private escape(): void {
    if (this.scan.take('E')) return;
    if (this.scan.take('Q')) {
      this.quoted();
      return;
    }
    const found = readEscape(this.scan);
    if (found.kind === 'character') this.character(found.char);
    else if (found.kind === 'other') this.otherEscape(found.letter);
    else if (found.isAscii && this.flags.i) this.atom(found.isNegated ? `(?:(?!${word})[^])` : `(?:${word})`);
    else this.atom(`[${found.isNegated ? '^' : ''}${found.inside}]`);
  }

  private quoted(): void {
    const end = this.scan.source.indexOf('\\E', this.scan.at);
    const text = this.scan.source.slice(this.scan.at, end < 0 ? undefined : end);
    this.scan.at += text.length;
    this.scan.take('\\E');
    const chars = [...text];
    const last = chars.pop();
    for (const char of chars) this.out.atom(literal(char), '', char);
    if (last !== undefined) this.character(last);
  }

  private otherEscape(letter: string): void {
    const assertion = escapedAssertion(letter, this.flags);
    if (assertion) this.assertion(assertion);
    else if (letter === 'R') this.atom('(?:\\r\\n|[\\n\\v\\f\\r\\u0085\\u2028\\u2029])');
    else if (letter === 'k') this.reference(this.groups.numberOf(this.referencedName()));
    else this.reference(Number(letter + this.scan.match(/\d*/y)![0]));
  }

  private referencedName(): string {
    const found = this.scan.match(/<(\w+)>|\{(\w+)\}|'(\w+)'/y);
    if (!found) throw invalid('\\k is not followed by a name');
    return (found[1] ?? found[2] ?? found[3])!;
  }

  private reference(number: number): void {
    this.groups.assertCertain(number);
    this.hasReference = true;
    this.atom(`(?:\\${number})`);
  }

  private group(): void {
    if (this.scan.peek() === '*') throw unsupported('(*');
    if (!this.scan.take('?')) {
      this.enter('(', this.groups.capture(), '');
      return;
    }
    if (this.scan.take('#')) {
      this.scan.until(')', 'missing ) after (?# comment');
      return;
    }
    const simple = this.scan.match(/:|=|!|<=|<!/y);
    if (simple) this.enter(`(?${simple[0]}`, 0, simple[0] as Opening);
    else if (!this.namedGroup() && !this.flagGroup()) throw unsupported(`(?${this.scan.peek()}`);
  }

  private enter(text: string, number: number, opening: Opening): void {
    this.out.enter(text);
    this.groups.enter(this.flags, number, opening);
  }

  private namedGroup(): boolean {
    if (this.scan.match(/P=(\w+)\)/y)) throw unsupported('(?P=');
    const found = this.scan.match(/P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)'/y);
    if (found) this.enter('(', this.groups.capture(found[1] ?? found[2]), '');
    return found !== null;
  }

  private flagGroup(): boolean {
    const found = this.scan.match(/([imsx]*)(?:-([imsx]+))?([:)])/y);
    if (!found) return false;
    const next = changed(changed(this.flags, found[1]!), found[2] ?? '', false);
    if (next.i !== this.flags.i) throw unsupported('option i for a part of a pattern');
    if (found[3] === ':') this.enter('(?:', 0, ':');
    this.flags = next;
    return true;
  }

  private close(): void {
    const group = this.groups.close();
    this.flags = group.flags;
    const quantifier = this.quantifier();
    this.out.leave(quantifier);
    this.groups.noteClosed(group, quantifier !== '');
  }
}

const changed = (flags: Flags, letters: string, value = true): Flags => ({
  ...flags,
  ...Object.fromEntries([...letters].map((letter) => [letter, value])),
});

const none: Flags = { i: false, m: false, s: false, x: false };

/** A PCRE pattern with its options as a JavaScript expression. */
export const translate = (source: string, options: string): Translated =>
  new Translation(source, changed(none, options)).run();
