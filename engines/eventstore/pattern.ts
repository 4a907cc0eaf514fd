const OPTIONS_IN_FRONT = /^\(\?([ims]+)\)/;
const ESCAPED = /\\(.)/gsu;
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;
const ANCHORS: Readonly<Record<string, string>> = { A: '(?<![^])', z: '(?![^])', Z: '(?=\\n?(?![^]))' };

/**
 * A pattern as EventStoreDB's clients write it, in .NET's dialect. What .NET and JavaScript share is taken, and options in
 * front, `\A`, `\Z`, `\z` and escaped punctuation are translated. Throws SyntaxError for the rest, which JavaScript would
 * take for something else.
 */
export function patternOf(source: string): RegExp {
  const options = OPTIONS_IN_FRONT.exec(source)?.[1] ?? '';
  const body = source.replace(OPTIONS_IN_FRONT, '').replace(ESCAPED, translated);
  return new RegExp(body, `${[...new Set(options)].join('')}u`);
}

function translated(asWritten: string, escaped: string): string {
  if (/[A-Za-z0-9]/.test(escaped)) return ANCHORS[escaped] ?? asWritten;
  return SYNTAX.test(escaped) ? asWritten : `\\u{${escaped.codePointAt(0)!.toString(16)}}`;
}
