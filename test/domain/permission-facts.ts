import type { OutgoingResult } from '../../domain/permission-events.ts';
import type { Reply } from '../../domain/permission-reply.ts';
import type { PermissionEvent } from '../../domain/permission-state.ts';
import type { CallFacts } from '../../domain/permission-verdict.ts';
import { hours } from '../../domain/time.ts';

/** A Monday morning; every moment of these tests is told from here. */
export const monday = Date.UTC(2026, 0, 5, 9);
export const pair = { channelId: '800000000000001', customerId: 'asha', ticketId: null };
export const nothingAgainstIt: CallFacts = { channel: null, agent: null };

export const requested = (at: number, requestId = `r${at}`): PermissionEvent => ({
  type: 'PermissionRequested',
  at,
  ...pair,
  requestId,
  method: 'template',
  template: { name: 'may_we_call', language: 'en' },
  body: null,
  agentId: 'ben',
});
export const sent = (at: number, requestId: string): PermissionEvent => ({
  type: 'PermissionRequestSent',
  at,
  ...pair,
  requestId,
  messageId: `wamid.${requestId}`,
});
export const delivered = (at: number, requestId: string): PermissionEvent => ({
  type: 'PermissionRequestDelivered',
  at,
  ...pair,
  requestId,
});
export const refusedByMeta = (at: number, requestId: string): PermissionEvent => ({
  type: 'PermissionRequestRefused',
  at,
  ...pair,
  requestId,
  metaErrorCode: 131026,
});
export const undelivered = (at: number, requestId: string): PermissionEvent => ({
  type: 'PermissionRequestUndelivered',
  at,
  ...pair,
  requestId,
  metaErrorCode: 131026,
});

/** Whether a permission comes of what the customer said themselves. */
const isOwnWord = (source = 'request') => source === 'request' || source === 'profile';

type Granted = Extract<PermissionEvent, { type: 'PermissionGranted' }>;
export const granted = (at: number, more: Partial<Granted> = {}): Granted => ({
  type: 'PermissionGranted',
  at,
  ...pair,
  source: 'request',
  requestId: null,
  callId: null,
  permanent: false,
  until: more.permanent ? null : at + hours(168),
  replyId: isOwnWord(more.source) ? `accept ${at}` : null,
  ...more,
});
export const declined = (at: number, requestId: string | null = null, saidAt = at): PermissionEvent => ({
  type: 'PermissionDeclined',
  at,
  ...pair,
  requestId,
  replyId: `reject ${saidAt}`,
});
export const revoked = (
  at: number,
  because: 'customer' | 'unanswered_calls' | 'meta' = 'customer',
  replyId = because === 'customer' ? `reject ${at}` : null,
): PermissionEvent => ({ type: 'PermissionRevoked', at, ...pair, because, replyId });

export const authorised = (at: number, callId = `c${at}`): PermissionEvent => ({
  type: 'OutgoingCallAuthorised',
  at,
  ...pair,
  callId,
  agentId: 'ben',
});
export const connected = (at: number, callId = `c${at}`): PermissionEvent => ({
  type: 'OutgoingCallConnected',
  at,
  ...pair,
  callId,
});
export const ended = (at: number, result: OutgoingResult, callId = `c${at}`): PermissionEvent => ({
  type: 'OutgoingCallEnded',
  at,
  ...pair,
  callId,
  result,
});
/** Three unanswered calls in a row, one a minute. */
export const threeUnanswered = (from: number) => [0, 1, 2].map((minute) => ended(from + minute * 60_000, 'unanswered'));

export const ask = (at: number, method: 'template' | 'free_form' = 'template', windowIsOpen = true) => ({
  type: 'RequestPermission' as const,
  at,
  ...pair,
  requestId: 'next',
  method,
  template: method === 'template' ? { name: 'may_we_call', language: 'en' } : null,
  body: null,
  agentId: 'ben',
  windowIsOpen,
});
export const asked = ({ type: _, windowIsOpen: __, ...c }: ReturnType<typeof ask>): PermissionEvent => ({
  type: 'PermissionRequested',
  ...c,
});

export const dial = (at: number, callId = 'next') => ({
  type: 'AuthoriseCall' as const,
  at,
  ...pair,
  callId,
  agentId: 'ben',
  facts: nothingAgainstIt,
});

const reply = (at: number, response: Reply['response'], more: Partial<Reply> = {}) => ({
  type: 'RecordReply' as const,
  at,
  ...pair,
  replyId: `${response} ${at}`,
  response,
  permanent: false,
  until: null,
  automatic: false,
  messageId: null,
  callId: null,
  ...more,
});
export const accept = (at: number, more: Partial<Reply> = {}) => reply(at, 'accept', more);
export const reject = (at: number, more: Partial<Reply> = {}) => reply(at, 'reject', more);
