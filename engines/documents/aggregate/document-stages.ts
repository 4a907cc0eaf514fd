import { documentValue, encodeElements } from '../bson/build.ts';
import { elements, isArray, isDocument, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError } from '../errors.ts';
import { compileProjection } from '../projection/project.ts';
import { evaluate } from './evaluate.ts';
import { type Expression, parseExpression } from './expression.ts';
import { typeName } from './operator.ts';

/** A stage that turns one document into one. */
export type DocumentStage = (doc: Value) => Value;

const addFields =
  (name: string) =>
  (spec: Value): DocumentStage => {
    if (!isDocument(spec)) {
      throw new DocumentError(40272, `${name} specification stage must be an object, got ${typeName(spec)}`);
    }
    if (elements(spec).length === 0) {
      throw new DocumentError(40177, `Invalid ${name} :: caused by :: specification must have at least one field`);
    }
    return invalid(name, () => compileProjection(spec, 'addFields'));
  };

/** Compiles a stage; MongoDB tells which one was wrong. */
const invalid = (name: string, compile: () => DocumentStage): DocumentStage => {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    throw new DocumentError(error.code, `Invalid ${name} :: caused by :: ${error.message}`, error.details);
  }
};

const unset = (spec: Value): DocumentStage => {
  if (!isArray(spec) && !isString(spec))
    throw new DocumentError(31002, '$unset specification must be a string or an array');
  const names = isArray(spec) ? items(spec) : [spec];
  if (names.length === 0)
    throw new DocumentError(31119, '$unset specification must be a string or an array with at least one field');
  if (!names.every(isString))
    throw new DocumentError(31120, '$unset specification must be a string or an array containing only string values');
  const dropped = documentValue(encodeElements(names.map((name) => [text(name), false] as const)));
  return invalid('$unset', () => compileProjection(dropped, 'project'));
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
  if (!isDocument(spec)) {
    const text = `expected an object as specification for $replaceRoot stage, got ${typeName(spec)}`;
    throw new DocumentError(40229, text);
  }
  const list = elements(spec);
  const other = list.find(({ name }) => name !== 'newRoot');
  if (other) {
    const text = `unrecognized option to $replaceRoot stage: ${other.name}, only valid option is 'newRoot'.`;
    throw new DocumentError(40230, text);
  }
  const [found] = list;
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
  return invalid('$project', () => compileProjection(spec, 'project'));
};

/** The stages that turn one document into one, by name. */
export const documentStages: Readonly<Record<string, (spec: Value) => DocumentStage>> = {
  $project: project,
  $addFields: addFields('$addFields'),
  $set: addFields('$set'),
  $unset: unset,
  $replaceRoot: (spec) => replaceRoot(parseExpression(newRoot(spec))),
  $replaceWith: (spec) => replaceRoot(parseExpression(spec)),
};
