import type { Instant } from '../../domain/time.ts';
import { setAsideDeliveries } from '../collections.ts';
import type { WriteSide } from '../write-side.ts';
import { type Piece, piecesOf } from './pieces.ts';
import { recordAccount } from './record-account.ts';
import { recordCall, recordCallStatus } from './record-call.ts';
import { recordMessage } from './record-message.ts';
import { recordMessageStatus } from './record-message-status.ts';
import { recordSettings } from './record-settings.ts';
import { type SetAsideReason, setAside } from './set-aside.ts';

type Record = (piece: Piece, receivedAt: Instant) => Promise<SetAsideReason | null>;

/** Records a piece, or says why it cannot be placed. `learnt` is told of Meta's id of an outgoing call, once it is known. */
const recorder = (w: WriteSide, learnt: (metaCallId: string) => Promise<void>): Record => {
  const onCall = recordCall(w, learnt);
  const onCallStatus = recordCallStatus(w, learnt);
  const onMessage = recordMessage(w);
  const onMessageStatus = recordMessageStatus(w);
  const onAccount = recordAccount(w);
  const onSettings = recordSettings(w);
  return async (piece, receivedAt) => {
    if (piece.kind === 'call') return onCall(piece, receivedAt);
    if (piece.kind === 'message') return onMessage(piece, receivedAt);
    if (piece.kind === 'account') return onAccount(piece, receivedAt);
    if (piece.kind === 'settings') return onSettings(piece, receivedAt);
    if (piece.kind === 'misfit') return piece.reason;
    return piece.metaCallId === null ? onMessageStatus(piece, receivedAt) : onCallStatus(piece, receivedAt);
  };
};

/** Records what Meta delivers; what cannot be placed is set aside, and placed as soon as it can be. */
export const receiver = (w: WriteSide) => {
  const recordHeldBack = recorder(w, async () => {});

  /** Pieces that came before we knew which of our calls they are about. */
  const placeHeldBack = async (metaCallId: string): Promise<void> => {
    const kept = setAsideDeliveries(w.db);
    for (const { _id, raw, receivedAt } of await kept.find({ metaCallId, reason: 'unknown_call' }).toArray()) {
      const [piece] = piecesOf({ entry: [{ changes: [JSON.parse(raw)] }] });
      if (piece && (await recordHeldBack(piece, receivedAt.getTime())) === null) await kept.deleteOne({ _id });
    }
  };

  const recordOnce = recorder(w, placeHeldBack);

  const record = async (piece: Piece, receivedAt: Instant): Promise<void> => {
    const reason = await recordOnce(piece, receivedAt);
    if (reason === null) return;
    await setAside(w.db, piece, reason, receivedAt);
    // the call may have become known between our look and our keeping
    if (reason === 'unknown_call' && piece.metaCallId !== null) await placeHeldBack(piece.metaCallId);
  };

  /** Records everything a delivery tells: different calls at once, one call in order. Throws when anything is not durable. */
  const receive = async (delivery: unknown, receivedAt: Instant): Promise<void> => {
    const inOrder = async (pieces: readonly Piece[]) => {
      for (const piece of pieces) await record(piece, receivedAt);
    };
    const outcomes = await Promise.allSettled([...groupsOf(piecesOf(delivery))].map(inOrder));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  };

  return { receive, placeHeldBack };
};

const groupsOf = (pieces: readonly Piece[]): Iterable<readonly Piece[]> => {
  const groups = new Map<string, Piece[]>();
  for (const piece of pieces) groups.set(piece.order, [...(groups.get(piece.order) ?? []), piece]);
  return groups.values();
};
