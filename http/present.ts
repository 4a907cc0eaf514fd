const isMoment = (name: string) => /^(at|from|until|since)$|(At|Until)$/.test(name);

const presentField = ([name, value]: [string, unknown]): [string, unknown][] => {
  if (value === undefined || name === 'detail') return [];
  return [[name, isMoment(name) && typeof value === 'number' ? new Date(value).toISOString() : present(value)]];
};

/**
 * Anything as the public sees it: instants (fields named `at`, `from`, `until`, `since` or ending in `At`, `Until`) as RFC 3339,
 * positions as decimal strings, and without `detail`, which is for rules and for whoever asks for one document.
 */
export const present = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(present);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).flatMap(presentField));
};

/** One row of a list: the document, and the position of the last event in it. */
export const presentRow = ({ doc, at }: { doc: object; at: bigint }): Record<string, unknown> => ({
  ...(present(doc) as object),
  position: at.toString(),
});
