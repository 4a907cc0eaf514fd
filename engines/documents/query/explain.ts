import { documentValue, encodeElements } from '../bson/build.ts';
import type { Writable } from '../bson/writer.ts';
import type { Index } from '../storage/collection.ts';
import type { Range } from './bounds.ts';
import type { Request, Search } from './find.ts';
import type { IndexPlan, Plan } from './plan.ts';

type Fields = { readonly [name: string]: Writable };

const rangeText = ({ lower, upper }: Range): string => `[${lower.toString('hex')}, ${upper.toString('hex')})`;

const multikeyPaths = (index: Index) =>
  documentValue(encodeElements(index.fields.map(({ path }, i) => [path.text, index.multikey[i] ? [path.text] : []])));

const indexScan = (plan: IndexPlan): Fields => ({
  stage: 'FETCH',
  inputStage: {
    stage: 'IXSCAN',
    keyPattern: plan.index.key,
    indexName: plan.index.name,
    isMultiKey: plan.index.multikey.includes(true),
    multiKeyPaths: multikeyPaths(plan.index),
    isUnique: plan.index.isUnique,
    isSparse: plan.index.isSparse,
    isPartial: plan.index.partial !== undefined,
    indexVersion: 2,
    direction: plan.isReverse ? 'backward' : 'forward',
    indexBounds: { encoded: plan.ranges.map(rangeText) },
  },
});

const accessStage = (plan: Plan, filter: Writable): Fields => {
  switch (plan.kind) {
    case 'ids':
      return { stage: plan.ids.length === 1 ? 'IDHACK' : 'FETCH', indexName: '_id_', keyPattern: { _id: 1 } };
    case 'collection':
      return { stage: 'COLLSCAN', filter, direction: plan.isReverse ? 'backward' : 'forward' };
    case 'index':
      return { ...indexScan(plan), filter };
    case 'union':
      return {
        stage: 'FETCH',
        inputStage: { stage: 'OR', inputStages: plan.plans.map((part) => accessStage(part, filter)) },
      };
    case 'nothing':
      return { stage: 'EOF' };
  }
};

const wrapped = (stage: string, isWanted: boolean, inputStage: Fields, fields: Fields = {}): Fields =>
  isWanted ? { stage, ...fields, inputStage } : inputStage;

/** The plan as a tree of stages. */
export const winningPlan = ({ plan }: Search, request: Request, filter: Writable, sort: Writable): Fields => {
  const access = accessStage(plan, filter);
  const needsSort = request.sort !== undefined && !plan.isSorted;
  const ordered = wrapped('SORT', needsSort, access, { sortPattern: sort, type: 'simple' });
  const rest = wrapped('SKIP', request.skip > 0, ordered, { skipAmount: request.skip });
  return wrapped('LIMIT', request.limit > 0, rest, { limitAmount: request.limit });
};
