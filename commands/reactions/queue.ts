import { call } from '../../domain/call.ts';
import { hasQueue } from '../../domain/route-call.ts';
import { routing } from '../../domain/routing.ts';
import type { Recorded } from '../../store/event-log.ts';
import { type WaitingCall, waitingCalls } from '../collections.ts';
import type { WriteSide } from '../write-side.ts';
import { type Crew, crewOf } from './find-agent.ts';
import { offerCall } from './offer-call.ts';

/** One piece of work after another under each key. */
const oneAtATime = () => {
  const last = new Map<string, Promise<void>>();
  return (key: string, work: () => Promise<void>): Promise<void> => {
    const next = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, next);
    return next;
  };
};

/**
 * The calls of a store that wait for an agent, the oldest first. That a call waits, and until when, stands on its own
 * stream; the collection only tells which ones. Where calls may wait, all of them go through it one store's at a time, so
 * nobody overtakes.
 */
export const callQueue = (w: WriteSide) => {
  const waiting = waitingCalls(w.db);
  const inTurn = oneAtATime();

  const serve = async ({ _id: callId, ticketId, correlationId }: WaitingCall, crew: Crew, cause: Recorded) => {
    const ofCall = { ...cause, metadata: { ...cause.metadata, $correlationId: correlationId } };
    if (!(await offerCall(w, { callId, ticketId, crew }, ofCall))) await waiting.deleteOne({ _id: callId });
  };

  /** Offers what waits to whoever is free now. */
  const serveAll = async (cause: Recorded) => {
    const { store } = cause.metadata;
    const inOrder = await waiting.find({ store }).sort({ since: 1, receivedAt: 1, _id: 1 }).toArray();
    if (inOrder.length === 0) return;
    const crew = await crewOf(w, store);
    for (const one of inOrder) await serve(one, crew, cause);
  };

  const enter = async (callId: string, ticketId: string, cause: Recorded) => {
    const { store, $correlationId: correlationId } = cause.metadata;
    const { startedAt: since, receivedAt } = await w.stateOf(call, callId);
    const row = { store, since, receivedAt, ticketId, correlationId };
    return inTurn(store, async () => {
      await waiting.replaceOne({ _id: callId }, row, { upsert: true });
      await serveAll(cause);
    });
  };

  return {
    /** Finds an agent for a call, after those that called before it. */
    async hand(callId: string, ticketId: string, cause: Recorded) {
      const { store } = cause.metadata;
      const offer = async () => offerCall(w, { callId, ticketId, crew: await crewOf(w, store) }, cause);
      const { rules } = await w.stateOf(routing, store);
      const waits = hasQueue(rules) || (await offer());
      if (waits) await enter(callId, ticketId, cause);
    },

    /** Somebody may be free: the calls that wait are offered, the oldest first. */
    serve: (cause: Recorded) => inTurn(cause.metadata.store, () => serveAll(cause)),

    /** The call is over. */
    leave: (callId: string) => waiting.deleteOne({ _id: callId }),
  };
};
