import type { Item } from './frames.ts';
import type { ReadRequest } from './read-request.ts';
import { linkedEvent, plainEvent } from './responses.ts';
import type { EventStore } from './store.ts';
import { StoredEvent } from './stored-event.ts';
import { StreamDeleted, visibleRange } from './stream-range.ts';
import { structuredId } from './uuid.ts';

/** How a reader wants events shown. */
export type View = Pick<ReadRequest, 'resolvesLinks' | 'wantsStructuredIds'>;

/** The item to send for event `seq`: the event as it is stored, unless the reader wants it otherwise. */
export function itemFor(store: EventStore, view: View): (seq: number) => Item {
  if (!view.resolvesLinks && !view.wantsStructuredIds) return (seq) => seq;
  const shape = view.wantsStructuredIds ? structuredId : (event: Buffer) => event;
  const linkType = store.types.add('$>');
  return (seq) => {
    const isLink = view.resolvesLinks && store.index.type[seq] === linkType;
    if (!isLink && !view.wantsStructuredIds) return seq;
    const own = shape(new StoredEvent(store.frame(seq)).recorded);
    const position = store.index.position[seq]!;
    if (!isLink) return plainEvent(own, position);
    const target = linkTarget(store, seq);
    return linkedEvent(
      target === undefined ? undefined : shape(new StoredEvent(store.frame(target)).recorded),
      own,
      position,
    );
  };
}

/** The event a link (`revision@stream`) points at, if it can still be seen. */
function linkTarget(store: EventStore, link: number): number | undefined {
  const match = /^(\d+)@(.+)$/s.exec(new StoredEvent(store.frame(link)).data.toString());
  if (match === null) return undefined;
  const [revision, stream] = [Number(match[1]), match[2]!];
  try {
    const range = visibleRange(store, stream, store.visible);
    const isThere = range !== undefined && revision >= range.first && revision < range.end;
    return isThere ? range.events[revision] : undefined;
  } catch (error) {
    if (error instanceof StreamDeleted) return undefined;
    throw error;
  }
}

/** The whole numbers from `from` up to below `to`. */
export function* upwards(from: number, to: number): Generator<number> {
  for (let each = from; each < to; each++) yield each;
}

/** The whole numbers below `from`, down to `to`. */
export function* downwards(from: number, to: number): Generator<number> {
  for (let each = from - 1; each >= to; each--) yield each;
}
