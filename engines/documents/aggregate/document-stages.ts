import { documentValue, encode, encodeElements, toValue, type Writable } from '../bson/build.ts';
import { elements, isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { pathOf } from '../paths.ts';
import { compileProjection } from '../projection.ts';
import { evaluate } from './evaluate.ts';
import { type Expression, parseExpression } from './expression.ts';

/** A stage that turns one document into one. */
export type DocumentStage = (doc: Value) => Value;

const flattened = (spec: Value, prefix = ''): [string, Value][] =>
  elements(spec).flatMap(({ name, value }): [string, Value][] => {
    const isNested = isDocument(value) && elements(value).length > 0 && !elements(value)[0]!.name.startsWith('$');
    return isNested ? flattened(value, `${prefix}${name}.`) : [[prefix + name, value]];
  });

/** Sets a field, also in every document of arrays on the way; what is no document becomes one. */
const setField = (doc: Value, names: readonly string[], value: Value | undefined): Value => {
  const [name = '', ...rest] = names;
  const list = elements(doc);
  const at = list.findIndex((element) => element.name === name);
  const next = rest.length === 0 ? value : setInside(list[at]?.value, rest, value);
  const fields: [string, Writable][] = list.map((element) => [element.name, element.value]);
  if (at >= 0) fields[at] = [name, next];
  else fields.push([name, next]);
  return documentValue(encodeElements(fields));
};

const emptyDocument = documentValue(encode({}));

const setInside = (inner: Value | undefined, names: readonly string[], value: Value | undefined): Value => {
  if (isArray(inner)) return toValue(items(inner).map((item) => setInside(item, names, value)));
  return setField(isDocument(inner) ? inner : emptyDocument, names, value);
};

const addFields = (spec: Value): DocumentStage => {
  const fields = flattened(spec).map(([name, value]) => [pathOf(name).names, parseExpression(value)] as const);
  return (doc) => fields.reduce((out, [names, expression]) => setField(out, names, evaluate(expression, doc)), doc);
};

const removed = (name: string): DocumentStage => {
  const spec = documentValue(encode({ [name]: 0 }));
  return compileProjection(spec, 'aggregate');
};

const unset = (spec: Value): DocumentStage => {
  const names = isArray(spec) ? items(spec).map(text) : isString(spec) ? [text(spec)] : undefined;
  if (!names) throw new DocumentError(31002, '$unset specification must be a string or an array');
  const stages = names.map(removed);
  return (doc) => stages.reduce((out, stage) => stage(out), doc);
};

const replaceRoot = (expression: Expression): DocumentStage => {
  return (doc) => {
    const root = evaluate(expression, doc);
    if (!isDocument(root)) {
      throw new DocumentError(40228, "'newRoot' expression must evaluate to an object, but resulting value was not");
    }
    return root;
  };
};

const newRoot = (spec: Value): Value => {
  const found = isDocument(spec) ? elements(spec).find(({ name }) => name === 'newRoot') : undefined;
  if (!found) throw new DocumentError(40231, 'no newRoot specified for the $replaceRoot stage');
  return found.value;
};

const project = (spec: Value): DocumentStage => {
  if (!isDocument(spec)) throw new DocumentError(15969, '$project specification must be an object');
  if (elements(spec).length === 0)
    throw new DocumentError(
      51272,
      'Invalid $project :: caused by :: projection specification must have at least one field',
    );
  return compileProjection(spec, 'aggregate');
};

/** The stages that turn one document into one, by name. */
export const documentStages: Readonly<Record<string, (spec: Value) => DocumentStage>> = {
  $project: project,
  $addFields: addFields,
  $set: addFields,
  $unset: unset,
  $replaceRoot: (spec) => replaceRoot(parseExpression(newRoot(spec))),
  $replaceWith: (spec) => replaceRoot(parseExpression(spec)),
};

const compileStage = (stage: Value): DocumentStage => {
  const [only, ...others] = isDocument(stage) ? elements(stage) : [];
  if (!only || others.length > 0)
    throw new DocumentError(40323, 'A pipeline stage specification object must contain exactly one field.');
  const make = Object.hasOwn(documentStages, only.name) ? documentStages[only.name] : undefined;
  if (!make) throw new DocumentError('InvalidOptions', `${only.name} is not allowed to be used within an update`);
  return make(only.value);
};

/** Compiles the pipeline of an update. */
export const compileStages = (stages: readonly Value[]): DocumentStage => {
  const all = stages.map(compileStage);
  return (doc) => all.reduce((out, stage) => stage(out), doc);
};
