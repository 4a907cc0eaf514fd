import { askingRefusal } from '../domain/channel.ts';
import { isRefusal, type Refusal } from '../domain/decider.ts';
import { permission } from '../domain/permission.ts';
import { windowIsOpen } from '../domain/service-window.ts';
import type { Instant } from '../domain/time.ts';
import type { Context } from '../store/event-log.ts';
import { uuidFrom } from '../store/ids.ts';
import { explained } from './refresh-permission.ts';
import { type Addressee, sendMessage } from './send-message.ts';
import type { GraphFailure } from './whatsapp/graph.ts';
import { nameOf, type Template } from './whatsapp/messages.ts';
import { contradictsPermission } from './whatsapp/meta-errors.ts';
import type { WriteSide } from './write-side.ts';

type Command = {
  agentId: string;
  channelId: string;
  customer: string;
  method: 'free_form' | 'template';
  body: string | null;
  template: Template | null;
};
type Requested = { requestId: string; position: bigint | null };

/**
 * Asks a customer for leave to call. A request whose fate nobody knows counts until a timer has asked Meta; one that Meta
 * refuses does not.
 */
export const requestPermission =
  (w: WriteSide) =>
  async (command: Command, context: Context): Promise<Requested | Refusal> => {
    const requestId = uuidFrom('request', context.commandId);
    const sent = await sendMessage(w, command, requestBy(w, command, requestId, context), context);
    return isRefusal(sent) ? sent : { requestId, position: sent.position };
  };

/** The request as a message; the permission decides on it. */
const requestBy = (w: WriteSide, command: Command, requestId: string, context: Context) => (addressee: Addressee) => {
  const { at, channelId, channel, to, conversation } = addressee;
  const { agentId, method, body, template } = command;
  const about = { channelId, customerId: to.customerId, requestId };
  const words = { method, body, template: template && nameOf(template) };
  const facts = { windowIsOpen: windowIsOpen(conversation, at), channel: askingRefusal(channel, at) };
  return {
    decider: permission,
    id: requestId,
    because: 'permission_request',
    ask: (ticketId: string | null) =>
      ({ type: 'RequestPermission', at, ...about, ticketId, agentId, ...words, ...facts }) as const,
    send: () => w.graph.requestPermission({ channelId, waId: to.waId, bsuid: to.bsuid, requestId, body, template }),
    sent: (ticketId: string, messageId: string) =>
      ({ type: 'RecordRequestSent', at: w.now(), ...about, ticketId, messageId }) as const,
    refused: (ticketId: string, failure: GraphFailure) => refusedBy(failure, { at: w.now(), ...about, ticketId }),
    refusalOf: (failure: GraphFailure) => explained(w, { channelId, to }, failure, context),
  } as const;
};

type Fact = { at: Instant; channelId: string; customerId: string; ticketId: string; requestId: string };

/** Meta's refusal is told, and what it knows better than we do. */
const refusedBy = ({ metaErrorCode, nextAllowedAt }: GraphFailure, { requestId, ...fact }: Fact) => {
  const refused = { type: 'RecordRequestRefused', ...fact, requestId, metaErrorCode } as const;
  if (!contradictsPermission(metaErrorCode)) return [refused];
  return [refused, { type: 'RecordMetaRefusal', ...fact, metaErrorCode, nextAllowedAt } as const];
};
