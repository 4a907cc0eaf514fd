import { DocumentError } from '../errors.ts';

/** Whether a name of a path stands for several items of an array: `$[]` or `$[identifier]`. */
export const isPlaceholder = (name: string): boolean => name.startsWith('$[') && name.endsWith(']');

/** Whether a name of a path is known only when a document is there: the positional operators. */
export const isDynamic = (name: string): boolean => name === '$' || isPlaceholder(name);

const bad = (message: string): DocumentError => new DocumentError('BadValue', message);

/** The names of an update's path, checked. */
export const updatePath = (path: string): readonly string[] => {
  if (path === '') throw new DocumentError('EmptyFieldName', 'An empty update path is not valid.');
  const names = path.split('.');
  if (names.includes('')) {
    const text = `The update path '${path}' contains an empty field name, which is not allowed.`;
    throw new DocumentError('EmptyFieldName', text);
  }
  if (names[0] === '$') throw bad(`Cannot have positional (i.e. '$') element in the first position in path '${path}'`);
  if (isPlaceholder(names[0]!))
    throw bad(`Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '${path}'`);
  if (names.filter((name) => name === '$').length > 1)
    throw bad(`Too many positional (i.e. '$') elements found in path '${path}'`);
  return names;
};
