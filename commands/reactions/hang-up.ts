import { minutes } from '../../domain/time.ts';
import type { WriteSide } from '../write-side.ts';
import type { Reaction } from './reaction.ts';

/** Meta's callers have long given up by then; a rejection would only be an error. */
const pointlessAfter = minutes(2);

/** A call that we gave up is ended at Meta too, so that the caller does not ring on. */
export const hangUp = (w: WriteSide): Reaction => ({
  name: 'hang-up',
  handlers: {
    CallMissed: async ({ at, callId, channelId, metaCallId, hangUp }) => {
      if (!hangUp || w.now() - at > pointlessAfter) return;
      const rejected = await w.graph.reject({ channelId, metaCallId });
      if (!rejected.ok)
        w.logger.info({ callId, metaErrorCode: rejected.metaErrorCode }, 'Meta did not take the rejection');
    },
  },
});
