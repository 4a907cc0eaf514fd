import { DocumentError } from './errors.ts';
import { type Path, pathOf } from './paths.ts';

/** Throws unless a field may have this name in an expression or a projection. */
export const assertFieldName = (name: string): void => {
  if (name === '') throw new DocumentError(15998, 'FieldPath field names may not be empty strings.');
  if (name.startsWith('$')) {
    throw new DocumentError(
      16410,
      `FieldPath field names may not start with '$'. Consider using $getField or $setField.`,
    );
  }
  if (name.includes('\0')) throw new DocumentError(16411, `FieldPath field names may not contain '\0'.`);
  if (name.includes('.')) {
    throw new DocumentError(16412, `FieldPath field names may not contain '.'. Consider using $getField or $setField.`);
  }
};

const mostNames = 200;

/** A dotted path whose every name a field may have. */
export const fieldPath = (source: string): Path => {
  if (source === '') throw new DocumentError(40352, 'FieldPath cannot be constructed with empty string');
  if (source.endsWith('.')) throw new DocumentError(40353, "FieldPath must not end with a '.'.");
  const path = pathOf(source);
  path.names.forEach(assertFieldName);
  if (path.names.length > mostNames) throw new DocumentError('Overflow', 'FieldPath is too long');
  return path;
};
