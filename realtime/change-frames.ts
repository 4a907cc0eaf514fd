/** `at` is the position that the client has with it. */
export type Upsert = { readonly op: 'upsert'; readonly key: string; readonly at: bigint; readonly doc: unknown };
type Removal = { readonly op: 'remove'; readonly key: string; readonly at: bigint };
/** What happens to one key; absolute, never an increment. */
export type Op = Upsert | Removal;

/** A frame without the subscription's id, so that all subscriptions to a question share it. */
export type Told = { readonly position: bigint; textFor(id: string): string };

/** Characters of one frame, roughly: a frame ends with the item that passes it. */
const maxFrame = 60_000;

type Piece<T> = { readonly item: T; readonly text: string };

/** Cuts a list into pieces of about 64 kB; at least one, which may be empty. */
const inPieces = <T>(items: readonly T[], textOf: (item: T) => string): readonly (readonly Piece<T>[])[] => {
  const pieces: Piece<T>[][] = [[]];
  let size = 0;
  for (const item of items) {
    const text = textOf(item);
    if (size > 0 && size + text.length > maxFrame) {
      pieces.push([]);
      size = 0;
    }
    pieces.at(-1)!.push({ item, text });
    size += text.length;
  }
  return pieces;
};

const opText = (op: Op) =>
  op.op === 'upsert'
    ? JSON.stringify({ op: op.op, key: op.key, doc: op.doc })
    : JSON.stringify({ op: op.op, key: op.key });

const join = (pieces: readonly { readonly text: string }[]) => pieces.map(({ text }) => text).join(',');

type Change = { readonly epoch: string; readonly prev: bigint; readonly upTo: bigint; readonly isResumed?: boolean };

/** Ops, in the order of the log, as one or several `change` frames: each one's `prev` is the position of the one before. */
export const changeFrames = (ops: readonly Op[], { epoch, prev, upTo, isResumed = false }: Change): readonly Told[] => {
  let before = prev;
  const pieces = inPieces(ops, opText);
  return pieces.map((piece, i) => {
    const position = i === pieces.length - 1 ? upTo : piece.at(-1)!.item.at;
    const tail = `"epoch":${JSON.stringify(epoch)},"position":"${position}","prev":"${before}",${
      isResumed ? '"resumed":true,' : ''
    }"ops":[${join(piece)}]}`;
    before = position;
    return { position, textFor: (id) => `{"type":"change","id":${JSON.stringify(id)},${tail}` };
  });
};

/** Documents at a place, as one or several `snapshot` frames. */
export const snapshotFrames = (
  id: string,
  items: readonly { readonly key: string; readonly doc: unknown }[],
  { epoch, position }: { readonly epoch: string; readonly position: bigint },
): readonly string[] => {
  const pieces = inPieces(items, (item) => JSON.stringify(item));
  const head = `{"type":"snapshot","id":${JSON.stringify(id)},"epoch":${JSON.stringify(epoch)},"position":"${position}"`;
  return pieces.map((piece, i) => `${head},"items":[${join(piece)}],"last":${i === pieces.length - 1}}`);
};
