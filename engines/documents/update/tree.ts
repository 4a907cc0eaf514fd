import { BsonWriter, nullValue } from '../bson/build.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { arrayIndex } from '../paths.ts';

/** A document or array opened for change; what an update does not touch stays the bytes it was. */
export interface Branch {
  readonly type: number;
  readonly entries: [name: string, node: Node][];
}

export type Node = Value | Branch;

const isBranch = (node: Node): node is Branch => 'entries' in node;

/** Opens a document or array one level deep. */
export const open = (value: Value): Branch => ({
  type: value.type,
  entries: elements(value).map((element) => [element.name, element.value]),
});

const write = (writer: BsonWriter, branch: Branch): void => {
  const start = writer.open();
  branch.entries.forEach(([name, node], i) => {
    const written = branch.type === Type.array ? String(i) : name;
    if (isBranch(node)) {
      writer.head(node.type, written);
      write(writer, node);
    } else writer.view(written, node);
  });
  writer.close(start);
};

/** The value of a node, its changed parts written anew and the others copied byte for byte. */
export const seal = (node: Node): Value => {
  if (!isBranch(node)) return node;
  const writer = new BsonWriter();
  write(writer, node);
  const buf = writer.done();
  return { type: node.type, buf, start: 0, end: buf.length };
};

/** Changes the value at the end of a path: from what is there (or undefined) to what shall be there (or undefined). */
export type Change = (current: Value | undefined) => Value | undefined;

const mostPadding = 1_500_000;

const position = (branch: Branch, name: string): number => {
  if (branch.type === Type.array) {
    const index = arrayIndex(name);
    return index >= 0 && index < branch.entries.length ? index : -1;
  }
  return branch.entries.findIndex(([own]) => own === name);
};

const notViable = (name: string, parent: string, type: number): DocumentError =>
  new DocumentError('PathNotViable', `Cannot create field '${name}' in element {${parent}: ${typeNames[type]}}`);

const insert = (branch: Branch, name: string, node: Node, parent: string): void => {
  if (branch.type !== Type.array) {
    branch.entries.push([name, node]);
    return;
  }
  const index = arrayIndex(name);
  if (index < 0) throw notViable(name, parent, branch.type);
  if (index > branch.entries.length + mostPadding) {
    throw new DocumentError('BadValue', `can't backfill more than ${mostPadding} elements`);
  }
  while (branch.entries.length < index) branch.entries.push(['', nullValue]);
  branch.entries.push(['', node]);
};

const remove = (branch: Branch, at: number): void => {
  if (branch.type === Type.array) branch.entries[at]![1] = nullValue;
  else branch.entries.splice(at, 1);
};

const changeLeaf = (branch: Branch, name: string, parent: string, change: Change): boolean => {
  const at = position(branch, name);
  const current = at < 0 ? undefined : seal(branch.entries[at]![1]);
  const next = change(current);
  if (next === current) return false;
  if (next === undefined) remove(branch, at);
  else if (at < 0) insert(branch, name, next, parent);
  else branch.entries[at]![1] = next;
  return true;
};

const canOpen = (node: Node): boolean => node.type === Type.document || node.type === Type.array;

/**
 * Changes the value at a path of plain names and array indexes; says whether anything changed.
 * With `creates`, missing documents on the way are made and a scalar on the way is an error; without, both mean no change.
 */
export const changeAt = (
  branch: Branch,
  names: readonly string[],
  creates: boolean,
  change: Change,
  parent = '',
): boolean => {
  const [name = '', ...rest] = names;
  if (rest.length === 0) {
    if (!creates && position(branch, name) < 0) return false;
    return changeLeaf(branch, name, parent, change);
  }
  const at = position(branch, name);
  if (at < 0) return creates && changeInNew(branch, name, rest, change, parent);
  const child = branch.entries[at]![1];
  if (!canOpen(child)) {
    if (creates) throw notViable(rest[0]!, name, child.type);
    return false;
  }
  const opened = isBranch(child) ? child : open(child);
  const isChanged = changeAt(opened, rest, creates, change, name);
  if (isChanged) branch.entries[at]![1] = opened;
  return isChanged;
};

const changeInNew = (branch: Branch, name: string, rest: string[], change: Change, parent: string): boolean => {
  const made: Branch = { type: Type.document, entries: [] };
  if (!changeAt(made, rest, true, change, name)) return false;
  insert(branch, name, made, parent);
  return true;
};

/** The value at a path of plain names and array indexes. */
export const valueAt = (branch: Branch, names: readonly string[]): Value | undefined => {
  let node: Node = branch;
  for (const name of names) {
    if (!canOpen(node)) return undefined;
    const opened: Branch = isBranch(node) ? node : open(node);
    const at = position(opened, name);
    if (at < 0) return undefined;
    node = opened.entries[at]![1];
  }
  return seal(node);
};
