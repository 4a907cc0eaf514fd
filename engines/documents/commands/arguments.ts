import { documentValue, encode } from '../bson/build.ts';
import { truthy } from '../bson/compare.ts';
import { toInteger, toNumber, truncated } from '../bson/number.ts';
import { Type, typeNames } from '../bson/types.ts';
import { elements, isArray, isDocument, isNumber, isString, items, text, type Value } from '../bson/value.ts';
import { ArgumentError, DocumentError, notImplemented } from '../errors.ts';

const empty = documentValue(encode({}));

const numberTypes = '[long, int, decimal, double]';

/** The error for an argument of the wrong type. */
export const wrongType = (command: string, name: string, value: Value, wanted: string): ArgumentError => {
  const expected = wanted.startsWith('[') ? `types '${wanted}'` : `type '${wanted}'`;
  const found = `is the wrong type '${typeNames[value.type]}', expected ${expected}`;
  return new ArgumentError('TypeMismatch', `BSON field '${command}.${name}' ${found}`);
};

/** A number that other integer types may not stand for. */
const asLong = (command: string, name: string, value: Value): bigint => {
  if (value.type === Type.int64) return toInteger(value)!;
  throw wrongType(command, name, value, 'long');
};

/** The arguments of a command or of one of its statements, read with the types they must have; null counts as absent. */
export class Arguments {
  readonly command: string;
  private readonly fields: ReadonlyMap<string, Value>;
  private readonly sequences: ReadonlyMap<string, readonly Value[]>;

  constructor(doc: Value, command: string, sequences: ReadonlyMap<string, readonly Value[]> = new Map()) {
    this.command = command;
    this.fields = new Map(
      elements(doc)
        .filter(({ value }) => value.type !== Type.null && value.type !== Type.undefined)
        .map(({ name, value }) => [name, value]),
    );
    this.sequences = sequences;
  }

  get(name: string): Value | undefined {
    return this.fields.get(name);
  }

  has(name: string): boolean {
    return this.fields.has(name) || this.sequences.has(name);
  }

  names(): string[] {
    return [...this.fields.keys()];
  }

  missing(name: string): ArgumentError {
    return new ArgumentError(
      'IDLFailedToParse',
      `BSON field '${this.command}.${name}' is missing but a required field`,
    );
  }

  required(name: string): Value {
    const value = this.fields.get(name);
    if (value === undefined) throw this.missing(name);
    return value;
  }

  flag(name: string): boolean {
    const value = this.fields.get(name);
    if (value && value.type !== Type.boolean && !isNumber(value)) {
      throw wrongType(this.command, name, value, '[bool, long, int, decimal, double]');
    }
    return truthy(value);
  }

  /** A flag that holds unless it is said not to. */
  flagByDefault(name: string): boolean {
    return !this.has(name) || this.flag(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.fields.get(name);
    if (value === undefined) return undefined;
    if (!isString(value)) throw wrongType(this.command, name, value, 'string');
    return text(value);
  }

  /** One of a few words. */
  choice(name: string, otherwise: string, known: ReadonlySet<string>): string {
    const word = this.optionalText(name) ?? otherwise;
    if (known.has(word)) return word;
    const path = `${this.command}.${name}`;
    throw new DocumentError('BadValue', `Enumeration value '${word}' for field '${path}' is not a valid value.`);
  }

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw this.missing(name);
    return value;
  }

  number(name: string, otherwise: number): number {
    const value = this.fields.get(name);
    if (value === undefined) return otherwise;
    if (!isNumber(value)) throw wrongType(this.command, name, value, numberTypes);
    return toNumber(value);
  }

  /** A whole number of at least `least`; a fraction is cut off. */
  count(name: string, otherwise: number, least = 0): number {
    const value = this.fields.get(name);
    if (value === undefined) return otherwise;
    const n = this.number(name, otherwise);
    if (!(Math.trunc(n) >= least)) {
      throw new ArgumentError(
        51024,
        `BSON field '${name}' value must be >= ${least}, actual value '${truncated(value) ?? n}'`,
      );
    }
    return Math.trunc(n);
  }

  long(name: string): bigint | undefined {
    const value = this.fields.get(name);
    return value && asLong(this.command, name, value);
  }

  longs(name: string): bigint[] {
    this.required(name);
    return this.list(name).map((item, i) => asLong(this.command, `${name}.${i}`, item));
  }

  timestamp(name: string): bigint | undefined {
    const value = this.fields.get(name);
    if (value === undefined) return undefined;
    if (value.type !== Type.timestamp) throw wrongType(this.command, name, value, 'timestamp');
    return value.buf.readBigUInt64LE(value.start);
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

  requiredDocument(name: string): Value {
    this.required(name);
    return this.document(name);
  }

  /** The parts of an argument that is a document. */
  within(name: string): Arguments {
    return new Arguments(this.document(name), `${this.command}.${name}`);
  }

  /** A list of documents, whether it came in the command or beside it. */
  documents(name: string): readonly Value[] {
    const beside = this.sequences.get(name);
    if (beside) return beside;
    this.required(name);
    return this.list(name).map((item, i) => {
      if (!isDocument(item)) throw wrongType(this.command, `${name}.${i}`, item, 'object');
      return item;
    });
  }

  /** The same, where it need not be there. */
  optionalDocuments(name: string): readonly Value[] | undefined {
    return this.has(name) ? this.documents(name) : undefined;
  }

  list(name: string): Value[] {
    const value = this.fields.get(name);
    if (value === undefined) return [];
    if (!isArray(value)) throw wrongType(this.command, name, value, 'array');
    return items(value);
  }

  /** A hint: the name of an index or its pattern. */
  hint(): Value | undefined {
    const value = this.fields.get('hint');
    if (value === undefined || isString(value) || isDocument(value)) return value;
    throw new DocumentError('FailedToParse', 'hint must be a string or an object');
  }

  /** Refuses a collation other than the plain comparison of bytes. */
  refuseCollation(): void {
    const collation = this.optionalDocument('collation');
    if (!collation || elements(collation).length === 0) return;
    if (new Arguments(collation, 'collation').text('locale') !== 'simple') throw notImplemented('a collation');
  }
}
