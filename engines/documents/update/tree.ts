import { nullValue } from '../bson/build.ts';
import { Type } from '../bson/types.ts';
import { elements, type Value } from '../bson/value.ts';
import { BsonWriter } from '../bson/writer.ts';
import { DocumentError } from '../errors.ts';
import { arrayIndex } from '../paths.ts';
import { elementText } from '../shell-text.ts';

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

/** Where a change takes place: the path, and the document as it was before, for messages to tell. */
export interface Where {
  readonly names: readonly string[];
  readonly doc: Value | undefined;
}

/** Changes the value at the end of a path: from what is there (or undefined) to what shall be there (or undefined). */
export type Change = (current: Value | undefined, where: Where) => Value | undefined;

/** What is to happen where the way to a path is not there: documents are made, it is an error, or nothing. */
export type Missing = 'create' | 'refuse' | 'ignore';

interface Way extends Where {
  readonly missing: Missing;
  readonly change: Change;
}

const mostPadding = 1_500_000;

const position = (branch: Branch, name: string): number => {
  if (branch.type === Type.array) {
    const index = arrayIndex(name);
    return index >= 0 && index < branch.entries.length ? index : -1;
  }
  return branch.entries.findIndex(([own]) => own === name);
};

const canOpen = (node: Node): boolean => node.type === Type.document || node.type === Type.array;

/** Whether a field of this name could be added: an array takes indexes only. */
const takes = (branch: Branch, name: string): boolean => branch.type !== Type.array || arrayIndex(name) >= 0;

/** The way ends at a node, the one before the name at `at`: an error, unless that does not matter. */
const blocked = ({ names, missing }: Way, at: number, node: Node): false => {
  if (missing === 'ignore') return false;
  const element = `{${elementText(names[at - 1] ?? '', seal(node))}}`;
  const text =
    missing === 'create'
      ? `Cannot create field '${names[at]}' in element ${element}`
      : `Cannot use the part (${names[at]}) of (${names.join('.')}) to traverse the element (${element})`;
  throw new DocumentError('PathNotViable', text);
};

const insert = (branch: Branch, name: string, node: Node): void => {
  if (branch.type !== Type.array) {
    branch.entries.push([name, node]);
    return;
  }
  const index = arrayIndex(name);
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

/** Adds what a path of missing names leads to. */
const addAt = (branch: Branch, at: number, way: Way): boolean => {
  const name = way.names[at]!;
  if (!takes(branch, name)) return blocked(way, at, branch);
  if (way.missing !== 'create') return false;
  if (at === way.names.length - 1) {
    const value = way.change(undefined, way);
    if (value) insert(branch, name, value);
    return value !== undefined;
  }
  const made: Branch = { type: Type.document, entries: [] };
  if (!addAt(made, at + 1, way)) return false;
  insert(branch, name, made);
  return true;
};

const changeLeaf = (branch: Branch, index: number, way: Way): boolean => {
  const entry = branch.entries[index]!;
  const current = seal(entry[1]);
  const next = way.change(current, way);
  if (next === current) return false;
  if (next === undefined) remove(branch, index);
  else entry[1] = next;
  return true;
};

const walk = (branch: Branch, at: number, way: Way): boolean => {
  const index = position(branch, way.names[at]!);
  if (index < 0) return addAt(branch, at, way);
  if (at === way.names.length - 1) return changeLeaf(branch, index, way);
  const entry = branch.entries[index]!;
  const child = entry[1];
  if (!canOpen(child)) return blocked(way, at + 1, child);
  const opened = isBranch(child) ? child : open(child);
  const isChanged = walk(opened, at + 1, way);
  if (isChanged) entry[1] = opened;
  return isChanged;
};

/** Changes the value at a path of plain names and array indexes; says whether anything changed. */
export const changeAt = (
  root: Branch,
  names: readonly string[],
  missing: Missing,
  change: Change,
  doc?: Value,
): boolean => walk(root, 0, { names, missing, change, doc });

/** The node at a path of plain names and array indexes. */
export const nodeAt = (root: Branch, names: readonly string[]): Node | undefined => {
  let node: Node = root;
  for (const name of names) {
    if (!canOpen(node)) return undefined;
    const opened: Branch = isBranch(node) ? node : open(node);
    const at = position(opened, name);
    if (at < 0) return undefined;
    node = opened.entries[at]![1];
  }
  return node;
};

/** The value at a path of plain names and array indexes. */
export const valueAt = (root: Branch, names: readonly string[]): Value | undefined => {
  const node = nodeAt(root, names);
  return node && seal(node);
};
