import { literal, readEscape } from './escapes.ts';
import { type Flags, invalid, type Scanner, unsupported } from './scanner.ts';

const posix: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: '0-9A-Za-z',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t\\n\\v\\f\\r ',
  blank: '\\t ',
  punct: '!-\\/:-@\\[-`\\{-~',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\0-\\x1f\\x7f',
  xdigit: '0-9A-Fa-f',
  word: '0-9A-Z_a-z',
  ascii: '\\0-\\x7f',
};

/** With option i JavaScript takes these two for `s` and `k`, also where PCRE means ASCII only. */
export const asciiOnly = '(?![\\u017f\\u212a])';

/** The members of a class: those of one JavaScript class, and others that need a place of their own. */
interface Members {
  inside: string;
  readonly others: string[];
}

const addSet = (members: Members, inside: string, isNegated: boolean, isAscii: boolean, flags: Flags): void => {
  if (isAscii && flags.i) {
    members.others.push(isNegated ? `(?!${asciiOnly}[${inside}])[^]` : `${asciiOnly}[${inside}]`);
  } else if (isNegated) members.others.push(`[^${inside}]`);
  else members.inside += inside;
};

const readPosix = (scan: Scanner, members: Members, flags: Flags): boolean => {
  const found = scan.match(/\[([:.=])(\^?)([a-z]*)\1\]/y);
  if (!found) return false;
  if (found[1] !== ':') throw invalid('POSIX collating elements are not supported');
  const inside = posix[found[3]!];
  if (inside === undefined) throw invalid('unknown POSIX class name');
  addSet(members, flags.i && /^(upper|lower)$/.test(found[3]!) ? posix.alpha! : inside, found[2] === '^', true, flags);
  return true;
};

/** Reads one character of a class; undefined if it was a set, which is then among the members. */
const readMember = (scan: Scanner, members: Members, flags: Flags): string | undefined => {
  if (readPosix(scan, members, flags)) return undefined;
  const char = scan.next();
  if (char === '') throw invalid('missing terminating ] for character class');
  if (char !== '\\') return char;
  const found = readEscape(scan);
  if (found.kind === 'character') return found.char;
  if (found.kind === 'set') {
    addSet(members, found.inside, found.isNegated, found.isAscii, flags);
    return undefined;
  }
  if (found.letter === 'b') return '\b';
  if (/[1-7]/.test(found.letter)) {
    const digits = found.letter + scan.match(/[0-7]{0,2}/y)![0];
    return String.fromCodePoint(Number.parseInt(digits, 8));
  }
  throw unsupported(`\\${found.letter} in a class`);
};

const addRange = (members: Members, from: string, to: string): void => {
  if (from.codePointAt(0)! > to.codePointAt(0)!) throw invalid('range out of order in character class');
  members.inside += `${literal(from)}-${literal(to)}`;
};

const isRange = (scan: Scanner): boolean =>
  scan.peek() === '-' && scan.source[scan.at + 1] !== ']' && scan.at + 1 < scan.source.length;

const readMembers = (scan: Scanner, flags: Flags): Members => {
  const members: Members = { inside: '', others: [] };
  for (let isFirst = true; isFirst || scan.peek() !== ']'; isFirst = false) {
    const from = readMember(scan, members, flags);
    if (from === undefined) {
      if (isRange(scan)) throw unsupported('a range of sets');
      continue;
    }
    if (!isRange(scan)) {
      members.inside += literal(from);
      continue;
    }
    scan.take('-');
    const to = readMember(scan, members, flags);
    if (to === undefined) throw unsupported('a range of sets');
    addRange(members, from, to);
  }
  scan.take(']');
  return members;
};

/** Reads a class, its opening bracket being taken, and writes it for JavaScript. */
export const readClass = (scan: Scanner, flags: Flags): string => {
  const isNegated = scan.take('^');
  const { inside, others } = readMembers(scan, flags);
  if (others.length === 0) return `[${isNegated ? '^' : ''}${inside}]`;
  const any = [...(inside === '' ? [] : [`[${inside}]`]), ...others].join('|');
  return isNegated ? `(?:(?!${any})[^])` : `(?:${any})`;
};
