import { invalid, type Scanner, unsupported } from './scanner.ts';

/** What an escape stands for: one character, a set of characters as JavaScript writes it in a class, or something else. */
export type Escape =
  | { readonly kind: 'character'; readonly char: string }
  | { readonly kind: 'set'; readonly inside: string; readonly isAscii: boolean; readonly isNegated: boolean }
  | { readonly kind: 'other'; readonly letter: string };

const set = (inside: string, isNegated = false, isAscii = false): Escape => ({
  kind: 'set',
  inside,
  isNegated,
  isAscii,
});

const space = '\\t\\n\\v\\f\\r ';
const horizontal = '\\t \\u00a0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000';
const vertical = '\\n\\v\\f\\r\\u0085\\u2028\\u2029';

/** PCRE's sets; without its option UCP, which MongoDB does not use, letters, digits and spaces are those of ASCII. */
const sets: Readonly<Record<string, Escape>> = {
  d: set('0-9'),
  D: set('0-9', true),
  w: set('0-9A-Z_a-z', false, true),
  W: set('0-9A-Z_a-z', true, true),
  s: set(space),
  S: set(space, true),
  h: set(horizontal),
  H: set(horizontal, true),
  v: set(vertical),
  V: set(vertical, true),
  N: set('\\n', true),
};

const characters: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  f: '\f',
  e: '\x1b',
  a: '\x07',
};

const character = (code: number): Escape => {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw invalid('character code point value is too large');
  return { kind: 'character', char: String.fromCodePoint(code) };
};

const hex = (scan: Scanner): Escape => {
  const braced = scan.match(/\{([0-9a-fA-F]{1,6})\}/y);
  if (braced) return character(Number.parseInt(braced[1]!, 16));
  if (scan.peek() === '{') throw invalid('non-hex character in \\x{}');
  return character(Number.parseInt(scan.match(/[0-9a-fA-F]{0,2}/y)![0] || '0', 16));
};

const control = (scan: Scanner): Escape => {
  const letter = scan.next();
  if (!/^[\x20-\x7e]$/.test(letter)) throw invalid('\\c must be followed by a printable ASCII character');
  return character(letter.toUpperCase().charCodeAt(0) ^ 64);
};

/** General categories of characters, which both engines know by the same names. */
const category = /\{?(\^?)(Any|C[cfnos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)\b\}?/y;

const property = (scan: Scanner, letter: string): Escape => {
  const braced = scan.peek() === '{';
  const found = braced ? scan.match(category) : scan.match(/()([CLMNPSZ])/y);
  if (!found || found[0].endsWith('}') !== braced) throw unsupported(`\\${letter} of this kind`);
  return set(`\\p{${found[2]}}`, (letter === 'P') !== (found[1] === '^'));
};

const octal = (scan: Scanner): Escape => character(Number.parseInt(scan.match(/[0-7]{0,2}/y)![0] || '0', 8));

const special: Readonly<Record<string, (scan: Scanner) => Escape>> = {
  x: hex,
  c: control,
  p: (scan) => property(scan, 'p'),
  P: (scan) => property(scan, 'P'),
  0: octal,
};

const elsewhere = new Set('AzZbBRkQE123456789');

/** Reads what follows a backslash. */
export const readEscape = (scan: Scanner): Escape => {
  const letter = scan.next();
  if (letter === '') throw invalid('\\ at end of pattern');
  if (Object.hasOwn(sets, letter)) return sets[letter]!;
  if (Object.hasOwn(characters, letter)) return { kind: 'character', char: characters[letter]! };
  if (Object.hasOwn(special, letter)) return special[letter]!(scan);
  if (elsewhere.has(letter)) return { kind: 'other', letter };
  if (/^[GKXCgo]$/.test(letter)) throw unsupported(`\\${letter}`);
  if (/^[A-Za-z]$/.test(letter)) throw invalid('unrecognized character follows \\');
  return { kind: 'character', char: letter };
};

/** A character as it stands in a JavaScript pattern, inside a class or outside. */
export const literal = (char: string): string =>
  /^[\w ]$/.test(char) ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`;
