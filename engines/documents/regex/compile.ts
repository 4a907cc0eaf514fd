import { mayTakeLong } from './effort.ts';
import { invalid } from './scanner.ts';
import { translate } from './translate.ts';
import { withinLimit } from './watched.ts';

/** Says whether a text matches a pattern. */
export type TextTest = (text: string) => boolean;

const compiled = (source: string, flags: string): RegExp => {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw invalid((error as Error).message);
  }
};

/** A PCRE pattern with its options as a test of texts; one that would go on for ever fails. */
export const compilePattern = (source: string, options: string): TextTest => {
  const { source: translated, ignoresCase, effort, required } = translate(source, options);
  const pattern = compiled(translated, ignoresCase ? 'iu' : 'u');
  return (text) => {
    if (!text.includes(required)) return false;
    return mayTakeLong(effort, text.length) ? withinLimit(() => pattern.test(text)) : pattern.test(text);
  };
};
