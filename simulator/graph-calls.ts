import { z } from 'zod';
import { endCall, pickUp } from './calls.ts';
import { placeCall } from './graph-connect.ts';
import { GraphError } from './graph-error.ts';
import { Product, Recipient, recipientOf } from './recipient.ts';
import type { Call } from './records.ts';
import type { World } from './world.ts';

const Session = <T extends 'offer' | 'answer'>(type: T) =>
  z.object({ sdp_type: z.literal(type), sdp: z.string().startsWith('v=0', 'SDP begins with v=0') });

const Opaque = z.string().max(512).optional();
const OnCall = Product.extend({ call_id: z.string().min(1) });

/** The body of `POST /{phoneNumberId}/calls`. */
export const CallAction = z.discriminatedUnion('action', [
  Recipient.extend({
    action: z.literal('connect'),
    session: Session('offer'),
    biz_opaque_callback_data: Opaque,
  }),
  OnCall.extend({ action: z.literal('pre_accept'), session: Session('answer') }),
  OnCall.extend({ action: z.literal('accept'), session: Session('answer'), biz_opaque_callback_data: Opaque }),
  OnCall.extend({ action: z.literal('reject') }),
  OnCall.extend({ action: z.literal('terminate') }),
]);
export type CallAction = z.infer<typeof CallAction>;

type Answering = Extract<CallAction, { action: 'pre_accept' | 'accept' }>;

const done = { messaging_product: 'whatsapp', success: true };

/** Places, answers, refuses or ends a call as Meta would; throws Meta's error where it would refuse. */
export function actOnCall(world: World, phoneNumberId: string, request: CallAction) {
  if (world.channel(phoneNumberId).settings.sip.status === 'ENABLED') {
    throw new GraphError(131055, 'The number is in SIP mode: switch sip.status to DISABLED in its settings.');
  }
  if (request.action === 'connect') {
    const conversation = world.conversation(phoneNumberId, recipientOf(request));
    const call = placeCall(world, conversation, request.biz_opaque_callback_data);
    return { messaging_product: 'whatsapp', calls: [{ id: call.id }] };
  }
  const call = liveCall(world, phoneNumberId, request.call_id);
  if (request.action === 'terminate') endCall(world, call, 'business');
  else if (request.action === 'reject') endCall(world, ringingHere(call), 'business');
  else answer(world, ringingHere(call), request);
  return done;
}

function answer(world: World, call: Call, { action, session, ...rest }: Answering) {
  if (call.preAccepted !== undefined && call.preAccepted !== session.sdp) {
    throw new GraphError(100, 'session.sdp differs from the SDP of pre_accept: send the same.');
  }
  if (action === 'pre_accept') {
    call.preAccepted = session.sdp;
    return;
  }
  call.opaque = 'biz_opaque_callback_data' in rest ? rest.biz_opaque_callback_data : undefined;
  pickUp(world, call);
}

function liveCall(world: World, phoneNumberId: string, callId: string): Call {
  const call = world.call(callId);
  if (!call || call.conversation.phoneNumberId !== phoneNumberId) {
    throw new GraphError(100, `call_id: ${phoneNumberId} has no call ${callId}.`);
  }
  if (call.endedAt !== undefined) throw new GraphError(100, `call_id: the call ${callId} has already ended.`);
  return call;
}

function ringingHere(call: Call): Call {
  if (call.direction === 'BUSINESS_INITIATED') throw new GraphError(100, `call_id: ${call.id} is an outgoing call.`);
  if (call.answeredAt !== undefined) throw new GraphError(100, `call_id: the call ${call.id} is already accepted.`);
  return call;
}
