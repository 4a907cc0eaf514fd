import { Type } from '../bson/types.ts';
import { idOf, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { elementText } from '../shell-text.ts';
import { type Branch, changeAt, nodeAt, valueAt } from './tree.ts';

/** Throws if the way to a path leads through an array. */
const refuseArrays = (root: Branch, names: readonly string[], what: string, doc: Value): void => {
  for (let length = names.length - 1; length > 0; length -= 1) {
    if (nodeAt(root, names.slice(0, length))?.type !== Type.array) continue;
    const id = idOf(doc);
    const where = `'${names.join('.')}' in doc with ${id ? elementText('_id', id) : 'no id'}`;
    throw new DocumentError(
      'BadValue',
      `The ${what} field cannot be an array element, ${where} has an array field called '${names[length - 1]}'`,
    );
  }
};

/** Moves the value at one path to another; neither may lead through an array. */
export const applyRename = (root: Branch, source: readonly string[], target: readonly string[], doc: Value): void => {
  const value = valueAt(root, source);
  if (value === undefined) {
    changeAt(root, source, 'refuse', (current) => current);
    return;
  }
  refuseArrays(root, source, 'source', doc);
  refuseArrays(root, target, 'destination', doc);
  changeAt(root, target, 'create', () => value);
  changeAt(root, source, 'ignore', () => undefined);
};
