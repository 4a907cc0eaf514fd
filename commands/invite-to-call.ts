import { callInRefusal } from '../domain/channel.ts';
import { conversation } from '../domain/conversation.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { type Addressee, sendMessage } from './send-message.ts';
import type { GraphFailure } from './whatsapp/graph.ts';
import { type InviteContent, nameOf } from './whatsapp/messages.ts';
import { metaRefusal } from './whatsapp/meta-errors.ts';
import type { WriteSide } from './write-side.ts';

type Command = { agentId: string; channelId: string; customer: string; ttlMinutes: number; content: InviteContent };
type Invited = { inviteId: string; position: bigint | null };

/** Sends a customer a button by which they call us, for which no permission is needed. */
export const inviteToCall =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<Invited | Refusal> => {
    const inviteId = uuidFrom('invite', context.commandId);
    const sent = await sendMessage(w, command, inviteBy(w, command, inviteId), context);
    return isRefusal(sent) ? sent : { inviteId, position: sent.position };
  };

/** The invite as a message; the conversation decides on it, and knows its ticket. */
const inviteBy = (w: WriteSide, command: Command, inviteId: string) => (addressee: Addressee) => {
  const { at, channelId, channel, to } = addressee;
  const { agentId, ttlMinutes, content } = command;
  const about = { channelId, customerId: to.customerId, inviteId };
  const facts = { ...recordOf(content), ttlMinutes, agentId, channel: callInRefusal(channel, at) };
  return {
    decider: conversation,
    id: inviteId,
    because: 'call_invite',
    ask: () => ({ type: 'InviteToCall', at, ...about, ...facts }) as const,
    send: () => w.graph.inviteToCall({ channelId, waId: to.waId, bsuid: to.bsuid, inviteId, ttlMinutes, content }),
    sent: (_: string, messageId: string) => ({ type: 'RecordInviteSent', at: w.now(), ...about, messageId }) as const,
    refused: (_: string, { metaErrorCode }: GraphFailure) => [
      { type: 'RecordInviteRefused', at: w.now(), ...about, metaErrorCode } as const,
    ],
    refusalOf,
  } as const;
};

/** What is kept of its words. */
const recordOf = (content: InviteContent) =>
  content.template === null
    ? ({ method: 'free_form', ...content } as const)
    : ({ method: 'template', body: null, displayText: null, template: nameOf(content.template) } as const);

const outsideWindow = 131_047;

/** Nobody asks for permission here: a closed window is the conversation's. */
const refusalOf = (failure: GraphFailure): Refusal => {
  const refusal = metaRefusal(failure);
  return failure.metaErrorCode === outsideWindow ? { ...refusal, refused: 'conversation.window_closed' } : refusal;
};
