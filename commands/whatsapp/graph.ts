import { z } from 'zod';
import type { PermissionStanding } from '../../domain/permission-events.ts';
import { asking, Done, type GraphOptions, isFailure } from './asking.ts';
import { CallPermissions } from './call-permissions.ts';
import type { CallingSettings } from './calling-settings.ts';
import { Settings, type SettingsReport } from './delivery.ts';
import type { GraphFailure } from './graph-reply.ts';
import { type InviteContent, inviteMessage, permissionMessage, type Template } from './messages.ts';

export type { GraphFailure } from './graph-reply.ts';

/** Whom to reach: digits of the number, else the business-scoped user id. */
type Recipient = { waId: string | null; bsuid: string | null };
type SentOrNot = Promise<{ ok: true; messageId: string } | GraphFailure>;

/** What we ask of Meta. Failures are answers, never exceptions. Our ids come back in its webhooks. */
export type Graph = {
  connect(
    c: { channelId: string; callId: string; sdpOffer: string | null } & Recipient,
  ): Promise<{ ok: true; metaCallId: string } | GraphFailure>;
  /** First `pre_accept`, which opens the media path, then `accept`. */
  accept(c: {
    channelId: string;
    metaCallId: string;
    sdpAnswer: string | null;
    callId: string;
  }): Promise<{ ok: true } | GraphFailure>;
  reject(c: { channelId: string; metaCallId: string }): Promise<{ ok: true } | GraphFailure>;
  /** Also of a call that is over at Meta already. */
  terminate(c: { channelId: string; metaCallId: string }): Promise<{ ok: true } | GraphFailure>;
  requestPermission(
    c: { channelId: string; requestId: string; body: string | null; template: Template | null } & Recipient,
  ): SentOrNot;
  inviteToCall(
    c: { channelId: string; inviteId: string; ttlMinutes: number; content: InviteContent } & Recipient,
  ): SentOrNot;
  /** How leave to call stands with Meta, and how far its limits are used up. */
  callPermissions(
    c: { channelId: string } & Recipient,
  ): Promise<{ ok: true; standing: PermissionStanding } | GraphFailure>;
  configureCalling(c: { channelId: string; calling: CallingSettings }): Promise<{ ok: true } | GraphFailure>;
  callingSettings(c: { channelId: string }): Promise<{ ok: true; reported: SettingsReport } | GraphFailure>;
};

const Connected = z.object({ calls: z.tuple([z.object({ id: z.string().min(1) })]).rest(z.unknown()) });
const Sent = z.object({ messages: z.tuple([z.object({ id: z.string().min(1) })]).rest(z.unknown()) });

const product = { messaging_product: 'whatsapp' };

const invalidParameter = 100;

/** Meta insists on a session; a page that brings none (a test, a phone on the desk) offers silence. */
const silence = [
  'v=0',
  'o=- 0 0 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'c=IN IP4 127.0.0.1',
  'a=inactive',
  '',
].join('\r\n');

const session = (sdp_type: 'offer' | 'answer', sdp: string | null) => ({ sdp_type, sdp: sdp ?? silence });

const recipient = ({ waId, bsuid }: Recipient) => ({ ...(waId && { to: waId }), ...(bsuid && { recipient: bsuid }) });

/** Meta's Graph API. */
export const graphClient = (options: GraphOptions): Graph => {
  const { ask, done } = asking(options);
  const onCall = (channelId: string, body: object) => done(`${channelId}/calls`, { ...product, ...body });

  const send = async (channelId: string, to: Recipient, ours: string, message: object): SentOrNot => {
    const addressed = { ...product, recipient_type: 'individual', ...recipient(to), ...message };
    const answer = await ask(`${channelId}/messages`, { ...addressed, biz_opaque_callback_data: ours }, Sent);
    return isFailure(answer) ? answer : { ok: true, messageId: answer.messages[0].id };
  };

  /** Once Meta may have taken the answer, "invalid" means "already accepted"; had the caller gone, a webhook would say so. */
  const acceptOnce = async (channelId: string, body: object) => {
    const first = await ask(`${channelId}/calls`, { ...product, ...body }, Done);
    if (!isFailure(first)) return { ok: true as const };
    if (first.outcome === 'refused') return first;
    const second = await onCall(channelId, body);
    return isFailure(second) && second.metaErrorCode === invalidParameter ? { ok: true as const } : second;
  };

  return {
    async connect({ channelId, callId, sdpOffer, ...to }) {
      const body = { ...product, ...recipient(to), action: 'connect', session: session('offer', sdpOffer) };
      const answer = await ask(`${channelId}/calls`, { ...body, biz_opaque_callback_data: callId }, Connected);
      return isFailure(answer) ? answer : { ok: true, metaCallId: answer.calls[0].id };
    },

    async accept({ channelId, metaCallId, sdpAnswer, callId }) {
      const body = { call_id: metaCallId, session: session('answer', sdpAnswer) };
      const prepared = await acceptOnce(channelId, { ...body, action: 'pre_accept' });
      if (!prepared.ok) return prepared;
      return acceptOnce(channelId, { ...body, action: 'accept', biz_opaque_callback_data: callId });
    },

    reject: ({ channelId, metaCallId }) => onCall(channelId, { call_id: metaCallId, action: 'reject' }),
    async terminate({ channelId, metaCallId }) {
      const answer = await onCall(channelId, { call_id: metaCallId, action: 'terminate' });
      return isFailure(answer) && answer.metaErrorCode === invalidParameter ? { ok: true } : answer;
    },

    requestPermission: ({ channelId, requestId, body, template, ...to }) =>
      send(channelId, to, requestId, permissionMessage(body, template)),
    inviteToCall: ({ channelId, inviteId, ttlMinutes, content, ...to }) =>
      send(channelId, to, inviteId, inviteMessage(content, ttlMinutes, inviteId)),

    async callPermissions({ channelId, waId, bsuid }) {
      const of = new URLSearchParams(waId ? { user_wa_id: waId } : { recipient: bsuid ?? '' });
      const answer = await ask(`${channelId}/call_permissions?${of}`, null, CallPermissions);
      return isFailure(answer) ? answer : { ok: true, standing: answer };
    },

    async callingSettings({ channelId }) {
      const answer = await ask(`${channelId}/settings`, null, Settings);
      return isFailure(answer) ? answer : { ok: true, reported: answer };
    },

    configureCalling: ({ channelId, calling }) => done(`${channelId}/settings`, { calling }),
  };
};
