import { evaluate } from '../aggregate/evaluate.ts';
import { parseExpression } from '../aggregate/expression.ts';
import { isForm } from '../aggregate/forms.ts';
import { operatorOf } from '../aggregate/operators.ts';
import { isUnsupported } from '../aggregate/unsupported.ts';
import { truthy } from '../bson/compare.ts';
import { Type } from '../bson/types.ts';
import { elements, isDocument, isNumber, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';
import { fieldPath } from '../field-path.ts';
import { elemMatchOf, sliceOf } from './find-operators.ts';
import { branchAt, place } from './place.ts';
import type { Branch, Mode, Parsed, Rule, Slice } from './shape.ts';

/** Where a projection stands: `find` has `$slice`, `$elemMatch` and `a.$`; `$project` has not, and `$addFields` only computes. */
export type Dialect = 'find' | 'project' | 'addFields';

const isFlag = (value: Value): boolean => isNumber(value) || value.type === Type.boolean;

const isExpression = (name: string): boolean =>
  isForm(name) || operatorOf(name) !== undefined || isUnsupported(name) || name === '$literal' || name === '$const';

/** One projection as it is being parsed; what it holds so far decides what may still come. */
class Parsing {
  private readonly root: Branch = { kind: 'branch', rules: new Map() };
  private readonly slices: Slice[] = [];
  private readonly dialect: Dialect;
  private mode: Mode | undefined;
  private positional: readonly string[] | undefined;
  private hasElemMatch = false;
  private namesId = false;
  private id: 'kept' | 'dropped' | undefined;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
    if (dialect === 'addFields') this.mode = 'addition';
  }

  run(spec: Value): Parsed {
    for (const { name, value } of elements(spec)) {
      this.namesId ||= name === '_id' || name.startsWith('_id.');
      this.element(name, value, this.root, []);
    }
    const mode = this.mode ?? this.usualMode();
    const { rules } = this.root;
    if (mode === 'inclusion' && !this.namesId) rules.set('_id', { kind: 'keep' });
    if (mode === 'exclusion' && this.id === 'kept') rules.delete('_id');
    return { mode, rules, slices: this.slices, positional: this.positional };
  }

  /** What a projection that names only `_id`, `$slice` and `$elemMatch` means. */
  private usualMode(): Mode {
    if (this.slices.length > 0) return this.id === 'kept' ? 'inclusion' : 'exclusion';
    return this.hasElemMatch || this.id === 'kept' ? 'inclusion' : 'exclusion';
  }

  private element(name: string, value: Value, parent: Branch, before: readonly string[]): void {
    const isPositional = name.endsWith('.$');
    if (isPositional && this.dialect !== 'find')
      throw new DocumentError(31324, 'Cannot use positional projection in aggregation projection');
    if (name.includes('.$.'))
      throw new DocumentError(31394, "As of 4.4, it's illegal to specify positional operator in the middle of a path.");
    if (isDocument(value) && !this.isEmptyLiteral(value)) {
      if (isPositional)
        throw new DocumentError(31271, 'positional projection cannot be used with an expression or sub object');
      this.document(name, value, parent, before);
    } else if (this.dialect !== 'addFields' && isFlag(value)) this.flag(name, truthy(value), parent, before);
    else this.literal(name, value, parent, isPositional);
  }

  private isEmptyLiteral(value: Value): boolean {
    return this.dialect === 'addFields' && elements(value).length === 0;
  }

  private flag(name: string, isKept: boolean, parent: Branch, before: readonly string[]): void {
    if (!isKept) this.exclusion(name, parent);
    else if (name.endsWith('.$')) this.position(name, parent, before);
    else this.inclusion(name, parent);
  }

  private isId(name: string, parent: Branch): boolean {
    return name === '_id' && parent === this.root;
  }

  private inclusion(name: string, parent: Branch): void {
    place(parent, fieldPath(name), { kind: 'keep' });
    if (this.isId(name, parent)) this.id = 'kept';
    else this.include(name);
  }

  private include(name: string): void {
    if (this.mode === 'exclusion')
      throw new DocumentError(31253, `Cannot do inclusion on field ${name} in exclusion projection`);
    this.mode = 'inclusion';
  }

  private exclusion(name: string, parent: Branch): void {
    if (name.endsWith('.$')) throw new DocumentError(31395, 'positional projection cannot be used with exclusion');
    place(parent, fieldPath(name), { kind: 'drop' });
    if (this.isId(name, parent)) {
      this.id = 'dropped';
      return;
    }
    if (this.mode === 'inclusion')
      throw new DocumentError(31254, `Cannot do exclusion on field ${name} in inclusion projection`);
    this.mode = 'exclusion';
  }

  private position(name: string, parent: Branch, before: readonly string[]): void {
    if (this.positional)
      throw new DocumentError(31276, 'Cannot specify more than one positional projection per query.');
    if (this.hasElemMatch) throw new DocumentError(31256, 'Cannot specify positional operator and $elemMatch.');
    if (name === '.$') throw new DocumentError(5392900, `Projection on field ${name} is invalid`);
    const path = fieldPath(name.slice(0, -2));
    place(parent, path, { kind: 'keep' });
    this.positional = [...before, ...path.names];
    this.include(name);
  }

  private literal(name: string, value: Value, parent: Branch, isPositional: boolean): void {
    if (isPositional) throw new DocumentError(31308, 'positional projection cannot be used with a literal');
    this.compute(name, value, parent);
    if (this.mode === 'exclusion')
      throw new DocumentError(31310, `Cannot use an expression ${name} in an exclusion projection`);
    this.mode ??= 'inclusion';
  }

  private compute(name: string, value: Value, parent: Branch): void {
    const expression = parseExpression(value);
    const rule: Rule = { kind: 'compute', compute: (root) => evaluate(expression, root) };
    place(parent, fieldPath(name), rule);
  }

  private document(name: string, value: Value, parent: Branch, before: readonly string[]): void {
    const [only, ...others] = elements(value);
    if (!only) throw new DocumentError(51270, `Invalid empty sub-projection: ${name}`);
    const path = fieldPath(name);
    if (others.length === 0 && only.name.startsWith('$')) {
      this.operator(name, value, parent, before);
      return;
    }
    const branch = branchAt(parent, path);
    for (const element of [only, ...others]) {
      this.element(element.name, element.value, branch, [...before, ...path.names]);
    }
  }

  private operator(name: string, value: Value, parent: Branch, before: readonly string[]): void {
    const { name: operator, value: operand } = elements(value)[0]!;
    if (this.dialect === 'find' && operator === '$slice') this.slice(name, value, operand, parent, before);
    else if (operator === '$elemMatch') this.elemMatch(name, operand, parent);
    else if (operator === '$meta') throw notImplemented('a projection of $meta');
    else if (isExpression(operator)) this.expression(name, value, parent);
    else throw new DocumentError(31325, `Unknown expression ${operator}`);
  }

  private expression(name: string, value: Value, parent: Branch): void {
    if (this.mode === 'exclusion')
      throw new DocumentError(31252, 'Cannot use expression other than $meta in exclusion projection');
    this.mode ??= 'inclusion';
    this.compute(name, value, parent);
  }

  private slice(name: string, value: Value, operand: Value, parent: Branch, before: readonly string[]): void {
    const window = sliceOf(operand);
    if (!window) {
      this.expression(name, value, parent);
      return;
    }
    const path = fieldPath(name);
    place(parent, path, { kind: 'keep' });
    this.slices.push({ ...window, names: [...before, ...path.names] });
  }

  private elemMatch(name: string, operand: Value, parent: Branch): void {
    if (this.dialect !== 'find')
      throw new DocumentError('InvalidPipelineOperator', 'Cannot use $elemMatch in this context');
    if (!isDocument(operand)) throw new DocumentError(31274, 'elemMatch: Invalid argument, object required');
    if (this.positional) throw new DocumentError(31255, 'Cannot specify positional operator and $elemMatch.');
    const path = fieldPath(name);
    if (path.names.length > 1 || parent !== this.root)
      throw new DocumentError(31275, 'Cannot use $elemMatch projection on a nested field.');
    place(parent, path, { kind: 'compute', compute: elemMatchOf(path, operand) });
    this.hasElemMatch = true;
  }
}

/** Parses a projection. */
export const parseProjection = (spec: Value, dialect: Dialect): Parsed => new Parsing(dialect).run(spec);
