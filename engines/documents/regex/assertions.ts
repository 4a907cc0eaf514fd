import { asciiOnly } from './classes.ts';
import type { Flags } from './scanner.ts';

/** A letter, digit or underscore of ASCII, whatever the flags. */
export const word = `${asciiOnly}\\w`;

const lineEnd = '(?=\\n?$)';
const boundary = `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
const notBoundary = `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`;

/** The beginning of the text, or with option m of a line. */
export const startAssertion = ({ m }: Flags): string => (m ? '(?:^|(?<=\\n)(?=[^]))' : '^');

/** The end of the text, perhaps before its last line feed, or with option m of a line. */
export const endAssertion = ({ m }: Flags): string => (m ? '(?=\\n|$)' : lineEnd);

/** The assertion an escaped letter stands for, if it is one. */
export const escapedAssertion = (letter: string, { i }: Flags): string | undefined => {
  const assertions: Readonly<Record<string, string>> = {
    A: '^',
    z: '$',
    Z: lineEnd,
    b: i ? boundary : '\\b',
    B: i ? notBoundary : '\\B',
  };
  return assertions[letter];
};
