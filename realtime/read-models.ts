import type { Db } from 'mongodb';
import { map, retry, share, startWith, tap } from 'rxjs';
import { checkpointsOf } from '../projections/checkpoints.ts';
import { headSignal } from '../projections/head-signal.ts';
import { type Checkpoint, collectionOf, type Projection } from '../projections/projection.ts';
import { readModel } from '../projections/reader.ts';
import type { IsKept } from './catch-up.ts';
import { openMarks } from './marks.ts';
import { type Listener, openSource, type Source } from './source.ts';
import { type Question, shownReadModels } from './topics.ts';
import { earlier, latest, nowhere, type Place } from './windows.ts';

export type ReadModels = {
  source(question: Question): Source;
  /** Up to where every read model is told. */
  reached(): bigint;
  isKept: IsKept;
  stop(): void;
};

type Options = {
  db: Db;
  /** Who else hears of a read model, by its name. */
  listeners: { readonly [name: string]: Listener };
  fault(error: unknown): void;
};

const markMs = 60_000;
const retryMs = 250;

/** How far each read model is, by the name of its collection. */
type Heads = ReadonlyMap<string, Place>;

const headsOf = (checkpoints: readonly Checkpoint[]): Heads =>
  new Map(checkpoints.map(({ _id, epoch, at }) => [_id, { epoch, position: at }]));

/** Follows every read model that a topic shows. Rejects when they cannot be read. */
export const followReadModels = async ({ db, listeners, fault }: Options): Promise<ReadModels> => {
  const marks = await openMarks(db);
  const read = async () => headsOf(await checkpointsOf(db).find().toArray());
  const known = await read();
  const heads = headSignal(db).pipe(
    startWith(undefined),
    latest(read),
    tap({ error: fault }),
    retry({ delay: retryMs }),
    share(),
  );

  const open = (projection: Projection<object>): readonly [string, Source] => {
    const { name } = projection;
    const { take, restarted } = listeners[name] ?? {};
    const listener: Listener = {
      ...(take && { take }),
      restarted: async (place) => {
        await Promise.all([marks.mark(name, place), restarted?.(place)]);
      },
    };
    const headOf = (all: Heads) => all.get(collectionOf(projection)) ?? nowhere;
    const model = readModel(db, projection);
    return [name, openSource({ model, from: headOf(known), heads: heads.pipe(map(headOf)), listener, fault })];
  };

  const sources = new Map(shownReadModels.map(open));
  const markAll = () => Promise.all([...sources].map(([name, { place }]) => marks.mark(name, place()))).catch(fault);
  await markAll();
  const marking = setInterval(markAll, markMs);
  return {
    source: ({ projection }) => sources.get(projection.name)!,
    reached: () => [...sources.values()].map(({ place }) => place().position).reduce(earlier),
    isKept: marks.isKept,
    stop() {
      clearInterval(marking);
      for (const source of sources.values()) source.stop();
    },
  };
};
