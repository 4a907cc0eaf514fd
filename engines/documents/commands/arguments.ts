import { documentValue, encode } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { toInteger, toNumber } from '../bson/number.ts';
import { typeNames } from '../bson/types.ts';
import { elements, isArray, isDocument, isNumber, isString, items, text, type Value } from '../bson/value.ts';
import { DocumentError, notImplemented } from '../errors.ts';

const empty = documentValue(encode({}));

const wrongType = (command: string, name: string, value: Value, wanted: string): DocumentError =>
  new DocumentError(
    'TypeMismatch',
    `BSON field '${command}.${name}' is the wrong type '${typeNames[value.type]}', expected type '${wanted}'`,
  );

/** The arguments of a command or of one of its statements, read with the types they must have. */
export class Arguments {
  readonly command: string;
  private readonly fields: ReadonlyMap<string, Value>;
  private readonly sequences: ReadonlyMap<string, readonly Value[]>;

  constructor(doc: Value, command: string, sequences: ReadonlyMap<string, readonly Value[]> = new Map()) {
    this.command = command;
    this.fields = new Map(elements(doc).map(({ name, value }) => [name, value]));
    this.sequences = sequences;
  }

  get(name: string): Value | undefined {
    return this.fields.get(name);
  }

  names(): string[] {
    return [...this.fields.keys()];
  }

  flag(name: string): boolean {
    return truthy(this.fields.get(name));
  }

  optionalText(name: string): string | undefined {
    const value = this.fields.get(name);
    if (value === undefined) return undefined;
    if (!isString(value)) throw wrongType(this.command, name, value, 'string');
    return text(value);
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw this.missing(name);
    return value;
  }

  missing(name: string): DocumentError {
    return new DocumentError(40414, `BSON field '${this.command}.${name}' is missing but a required field`);
  }

  number(name: string, otherwise: number): number {
    const value = this.fields.get(name);
    if (value === undefined) return otherwise;
    if (!isNumber(value)) throw wrongType(this.command, name, value, 'number');
    return toNumber(value);
  }

  /** A count that may not be negative. */
  count(name: string, otherwise: number): number {
    const n = this.number(name, otherwise);
    if (n < 0) {
      throw new DocumentError(51024, `BSON field '${name}' value must be >= 0, actual value '${n}'`);
    }
    return Math.trunc(n);
  }

  long(name: string): bigint | undefined {
    const value = this.fields.get(name);
    return isNumber(value) ? toInteger(value) : undefined;
  }

  optionalDocument(name: string): Value | undefined {
    const value = this.fields.get(name);
    if (value === undefined) return undefined;
    if (!isDocument(value)) throw wrongType(this.command, name, value, 'object');
    return value;
  }

  document(name: string): Value {
    return this.optionalDocument(name) ?? empty;
  }

  /** A list of documents, whether it came in the command or beside it. */
  documents(name: string): readonly Value[] {
    const beside = this.sequences.get(name);
    if (beside) return beside;
    const value = this.fields.get(name);
    if (value === undefined) throw this.missing(name);
    return this.list(name).map((item) => {
      if (!isDocument(item)) throw wrongType(this.command, `${name}.0`, item, 'object');
      return item;
    });
  }

  /** The same, where it need not be there. */
  optionalDocuments(name: string): readonly Value[] | undefined {
    return this.fields.has(name) ? this.documents(name) : undefined;
  }

  list(name: string): Value[] {
    const value = this.fields.get(name);
    if (value === undefined) return [];
    if (!isArray(value)) throw wrongType(this.command, name, value, 'array');
    return items(value);
  }

  /** Refuses a collation other than the plain comparison of bytes. */
  refuseCollation(): void {
    const collation = this.fields.get('collation');
    if (!collation) return;
    const locale = isDocument(collation) ? elements(collation).find(({ name }) => name === 'locale')?.value : undefined;
    if (!isString(locale) || text(locale) !== 'simple') throw notImplemented('a collation');
  }
}
