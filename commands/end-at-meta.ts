import { call } from '../domain/call.ts';
import type { Context } from '../store/event-log.ts';
import { setFree } from './set-free.ts';
import { stepOf, type WriteSide } from './write-side.ts';

type Ending = { readonly callId: string; readonly channelId: string; readonly metaCallId: string };

/**
 * Ends at Meta a call whose end was asked for. Once Meta has taken that, nobody is on the line, so nobody is held by the
 * call any more; how it counts is told later. Resolves with the position of the last event there was to write.
 */
export const endAtMeta = async (
  w: WriteSide,
  { callId, ...there }: Ending,
  context: Context,
): Promise<bigint | null> => {
  const ended = await w.graph.terminate(there);
  if (!ended.ok) {
    w.logger.info({ callId, metaErrorCode: ended.metaErrorCode }, 'Meta did not take the hang-up');
    return null;
  }
  const hungUp = { type: 'RecordHungUp', at: w.now(), callId } as const;
  await w.transact(call, callId, hungUp, stepOf(context, 'hung up'));
  const freed = await setFree(w, callId, (step) => stepOf(context, step));
  return freed?.position ?? null;
};
