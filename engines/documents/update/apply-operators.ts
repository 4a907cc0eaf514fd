import type { Value } from '../bson/value.ts';
import type { Touched } from '../storage/touched.ts';
import { type Applied, type Circumstances, dollarField, type Update } from './apply.ts';
import { type ArrayFilters, assertUsed, parseArrayFilters } from './array-filters.ts';
import { Claims, createdConflict } from './conflicts.ts';
import { isDynamic } from './names.ts';
import { type Modification, parseModifications } from './parse.ts';
import { concrete } from './positions.ts';
import { applyRename } from './rename.ts';
import { type Branch, changeAt, open, seal } from './tree.ts';

/** A modification with the paths it stands for. */
interface Place {
  readonly one: Modification;
  readonly paths: readonly (readonly string[])[];
}

const applyAt = (root: Branch, { one, paths }: Place, doc: Value): void => {
  if (one.source) {
    applyRename(root, one.source, one.names, doc);
    return;
  }
  if (one.missing === 'create' && one.names[0]!.startsWith('$')) throw dollarField(one.names[0]!, one.names.join('.'));
  for (const names of paths) changeAt(root, names, one.missing, one.change, doc);
};

const touchedBy = ({ one: { operator, source }, paths }: Place): Touched[] => [
  ...paths.map((names) => ({ names, mayAppend: operator === '$push' })),
  ...(source ? [{ names: source, mayAppend: false }] : []),
];

/** The paths of all modifications in a document as it is before any of them; two may not turn out to be on the same way. */
const placesIn = (
  root: Branch,
  modifications: readonly Modification[],
  filters: ArrayFilters,
  at: Circumstances,
): Place[] => {
  const places = modifications.map((one) => ({ one, paths: concrete(root, one.names, filters, at.matchedIndex) }));
  const claims = new Claims();
  for (const { paths } of places) for (const names of paths) claims.add(names, createdConflict);
  return places;
};

type ApplyPlaces = (doc: Value, at: Circumstances) => Applied;

const applying =
  (modifications: readonly Modification[], filters: ArrayFilters): ApplyPlaces =>
  (doc, at) => {
    const root = open(doc);
    const places = placesIn(root, modifications, filters, at);
    for (const place of places) applyAt(root, place, doc);
    return { doc: seal(root), touched: places.flatMap(touchedBy) };
  };

/** The same where all paths are known beforehand. */
const applyingPlain = (modifications: readonly Modification[]): ApplyPlaces => {
  const places = modifications.map((one) => ({ one, paths: [one.names] }));
  const touched = places.flatMap(touchedBy);
  return (doc) => {
    const root = open(doc);
    for (const place of places) applyAt(root, place, doc);
    return { doc: seal(root), touched };
  };
};

/** Compiles an update of operators. */
export const operatorUpdate = (update: Value, arrayFilters: readonly Value[]): Update => {
  const filters = parseArrayFilters(arrayFilters);
  const all = parseModifications(update);
  assertUsed(
    update,
    all.map(({ names }) => names),
    filters,
  );
  const compiled = (list: readonly Modification[]): ApplyPlaces =>
    list.some(({ names }) => names.some(isDynamic)) ? applying(list, filters) : applyingPlain(list);
  const inserting = compiled(all);
  const others = all.filter(({ operator }) => operator !== '$setOnInsert');
  const updating = others.length === all.length ? inserting : compiled(others);
  return {
    kind: 'operators',
    needsMatchedIndex: all.some(({ names }) => names.includes('$')),
    apply: (doc, at) => (at.isInsert ? inserting(doc, at) : updating(doc, at)),
  };
};
