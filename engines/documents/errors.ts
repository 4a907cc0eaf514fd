import type { Writable } from './bson/writer.ts';

/** MongoDB's error codes by name, those this server uses. */
export const codes = {
  InternalError: 1,
  BadValue: 2,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  InvalidLength: 16,
  IllegalOperation: 20,
  InvalidBSON: 22,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  NotSingleValueField: 54,
  EmptyFieldName: 56,
  CommandNotFound: 59,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  UnknownReplWriteConcern: 79,
  OperationFailed: 96,
  UnsatisfiableWriteConcern: 100,
  NotExactValueField: 111,
  CommandNotSupported: 115,
  CursorInUse: 143,
  ExceededMemoryLimit: 146,
  InvalidPipelineOperator: 168,
  CannotIndexParallelArrays: 171,
  QueryPlanKilled: 175,
  AmbiguousIndexKeyPattern: 181,
  InvalidIndexSpecificationOption: 197,
  QueryFeatureNotAllowed: 224,
  TransactionTooOld: 225,
  CursorKilled: 237,
  NotImplemented: 238,
  ConversionFailure: 241,
  NoSuchTransaction: 251,
  InvalidResumeToken: 260,
  OperationNotSupportedInTransaction: 263,
  IndexBuildAborted: 276,
  ChangeStreamFatalError: 280,
  ChangeStreamHistoryLost: 286,
  ChecksumMismatch: 288,
  NoQueryExecutionPlans: 291,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  APIVersionError: 322,
  APIStrictError: 323,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  InterruptedAtShutdown: 11600,
  DatabaseDifferCase: 13297,
  IDLFailedToParse: 40414,
  IDLUnknownField: 40415,
} as const;

const names: ReadonlyMap<number, string> = new Map(Object.entries(codes).map(([name, code]) => [code, name]));

/** A command's or one write's failure, as MongoDB would report it. */
export class DocumentError extends Error {
  readonly code: number;
  readonly details: { readonly [name: string]: Writable };

  constructor(code: number | keyof typeof codes, message: string, details: { readonly [name: string]: Writable } = {}) {
    super(message);
    this.code = typeof code === 'number' ? code : codes[code];
    this.details = details;
  }

  /** The code's name; MongoDB calls those without one by their location. */
  get codeName(): string {
    return names.get(this.code) ?? `Location${this.code}`;
  }
}

/** The error for arguments a command or statement cannot have; it concerns the command as a whole. */
export class ArgumentError extends DocumentError {}

/** The error for something MongoDB can do and this server cannot. */
export const notImplemented = (what: string): DocumentError =>
  new DocumentError(
    'NotImplemented',
    `${what} is not implemented by the embedded document store; use a MongoDB server`,
  );
