import { type Agent, agent, agentRefusal } from '../domain/agent.ts';
import { call } from '../domain/call.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Instant } from '../domain/time.ts';
import type { Context } from '../store/event-log.ts';
import { agentKey, ownCall } from './belongings.ts';
import { metaRefusal } from './whatsapp/meta-errors.ts';
import { stepOf, type WriteSide } from './write-side.ts';

type Command = { callId: string; agentId: string; sdpAnswer: string | null; fence: number | null };

/** The offered agent takes an incoming call; it is answered once Meta has confirmed. */
export const acceptCall =
  (w: WriteSide) =>
  async (
    { callId, agentId, sdpAnswer, fence }: Command,
    context: Context,
  ): Promise<{ position: bigint | null } | Refusal> => {
    const owned = await ownCall(w, context.store, callId);
    if (isRefusal(owned)) return owned;
    const staff = await w.stateOf(agent, agentKey(context.store, agentId));
    const noSocket = socketRefusal(staff, w.now(), fence);
    if (noSocket) return noSocket;

    const answer = { type: 'AnswerCall', at: w.now(), callId, agentId } as const;
    const answering = await w.transact(call, callId, answer, context);
    if (isRefusal(answering)) return answering;
    const { answeredAt, metaCallId, parties } = answering.state;
    if (answeredAt !== null || metaCallId === null) return { position: null };

    const { channelId } = parties;
    const confirmed = await w.graph.accept({ channelId, metaCallId, sdpAnswer, callId });
    const at = w.now();
    if (confirmed.ok)
      return w.transact(call, callId, { type: 'ConfirmAnswer', at, callId, agentId }, stepOf(context, 'confirm'));
    const { metaErrorCode } = confirmed;
    const fail = { type: 'FailAnswer', at, callId, agentId, metaErrorCode } as const;
    await w.transact(call, callId, fail, stepOf(context, 'fail'));
    return metaRefusal(confirmed);
  };

/** Whoever was offered a call may take it from their one live call socket, even if they went off duty since. */
const socketRefusal = (staff: Agent, at: Instant, fence: number | null) =>
  agentRefusal({ ...staff, active: true, call: null }, at, fence);
