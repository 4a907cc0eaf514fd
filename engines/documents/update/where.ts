import { idOf, type Value } from '../bson/value.ts';
import { elementText } from '../shell-text.ts';
import type { Where } from './tree.ts';

/** A document's `_id` as messages tell it. */
export const idText = (doc: Value | undefined): string => {
  const id = doc && idOf(doc);
  return id ? `{${elementText('_id', id)}}` : 'no id';
};

/** The name of the field that is changed. */
export const fieldName = ({ names }: Where): string => names[names.length - 1]!;
