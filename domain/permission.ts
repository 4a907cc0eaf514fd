import { decider, type Refusal, refuse } from './decider.ts';
import { type OutgoingResult, permissionEvents } from './permission-events.ts';
import { evolvePermission } from './permission-evolve.ts';
import { grantExpiry, inTime, requestExpiry } from './permission-overdue.ts';
import { defaultPolicies, type PermissionPolicy, policyAt } from './permission-policy.ts';
import { answered, isInReport, type Reply } from './permission-reply.ts';
import { type MetaReport, reported } from './permission-report.ts';
import {
  initialPermission,
  type Permission,
  type PermissionEvent,
  type PermissionRequest,
} from './permission-state.ts';
import { counted } from './permission-streak.ts';
import { type CallFacts, callRefusal, requestRefusal } from './permission-verdict.ts';
import { type Instant, notBefore } from './time.ts';

export type { Reply };

type Fields<T extends PermissionEvent['type']> = Omit<Extract<PermissionEvent, { type: T }>, 'type'>;
type Pair = { channelId: string; customerId: string; ticketId: string | null };
type OfCall = { at: Instant; callId: string } & Pair;
/** `channel`: what the number itself has against asking (`askingRefusal`). */
type Asking = Fields<'PermissionRequested'> & { windowIsOpen: boolean; channel?: Refusal | null };

const resultOf = (s: Permission, callId: string) => s.pastCalls.find((call) => call.callId === callId)?.result;
const isLive = (s: Permission, callId: string) => s.liveCalls.some((call) => call.callId === callId);
const isKnown = (s: Permission, callId: string) => isLive(s, callId) || resultOf(s, callId) !== undefined;

/** What is told of a request in Meta's whole seconds is never before it. */
const onRequest =
  <C extends { at: Instant; requestId: string }>(event: (request: PermissionRequest, c: C) => PermissionEvent | null) =>
  (s: Permission, c: C): readonly PermissionEvent[] => {
    const request = s.requests.find((r) => r.requestId === c.requestId);
    const happened = request && event(request, { ...c, at: notBefore(request.at)(c.at) });
    return happened ? [happened] : [];
  };

/** The decider under a given history of policies; `permission` is the one in force. */
export const permissionUnder = (policies: readonly PermissionPolicy[]) => {
  const rulesAt = (at: Instant) => policyAt(policies, at);
  const afterWhatEnded = inTime(policies);
  return decider({ category: 'permission', events: permissionEvents, initial: initialPermission })
    .decide({
      RequestPermission: (s, { windowIsOpen, channel = null, ...c }: Asking) => {
        if (s.requests.some((r) => r.requestId === c.requestId)) return [];
        const refusal = channel ?? requestRefusal(s, c.at, rulesAt(c.at));
        if (refusal) return refusal;
        if (c.method === 'free_form' && !windowIsOpen) return refuse('permission.window_closed');
        return [{ type: 'PermissionRequested', ...c }];
      },

      RecordRequestSent: onRequest<Fields<'PermissionRequestSent'>>((request, c) =>
        request.messageId === null && request.failure !== 'refused' ? { type: 'PermissionRequestSent', ...c } : null,
      ),
      RecordRequestRefused: onRequest<Fields<'PermissionRequestRefused'>>((request, c) =>
        request.counts && request.messageId === null ? { type: 'PermissionRequestRefused', ...c } : null,
      ),
      RecordRequestDelivered: onRequest<Fields<'PermissionRequestDelivered'>>((request, c) =>
        request.deliveredAt === null && request.failure !== 'refused'
          ? { type: 'PermissionRequestDelivered', ...c }
          : null,
      ),
      RecordRequestUndelivered: onRequest<Fields<'PermissionRequestUndelivered'>>((request, c) =>
        request.counts && request.deliveredAt === null && request.answeredAt === null
          ? { type: 'PermissionRequestUndelivered', ...c }
          : null,
      ),
      /** Fired by a timer: 7 days after the answer, or after delivery without one. */
      ExpireRequest: onRequest<{ at: Instant; requestId: string } & Pair>((request, { at, requestId: _, ...pair }) =>
        requestExpiry(request, at, policies, pair),
      ),

      /** An answer older than the last one we know, or the same one again, changes nothing. */
      RecordReply: afterWhatEnded((s, { channelId, customerId, ticketId, ...reply }: Reply & Pair) =>
        answered(s, reply, { channelId, customerId, ticketId }, rulesAt(reply.at)),
      ),

      /** The customer called us, and the channel turns that into a temporary permission. `at`: when they called. */
      GrantByCallback: afterWhatEnded((s, c: OfCall) => {
        const until = c.at + rulesAt(c.at).temporaryFor;
        const isOld = c.at < (s.lastReply?.at ?? 0) || isInReport(s, c.at) || s.grant.callId === c.callId;
        if (isOld || s.grant.kind === 'permanent' || (s.grant.until ?? 0) >= until) return [];
        return [
          {
            type: 'PermissionGranted',
            ...c,
            source: 'callback',
            requestId: null,
            permanent: false,
            until,
            replyId: null,
          },
        ];
      }),

      /** Fired by a timer at the moment a temporary permission ends. */
      ExpirePermission: (s, { at, ...pair }: { at: Instant } & Pair) => {
        const expired = grantExpiry(s, at, pair);
        return expired ? [expired] : [];
      },

      /** The one gate through which every outgoing call passes. */
      AuthoriseCall: (s, { facts, ...c }: { agentId: string; facts: CallFacts } & OfCall) => {
        if (isKnown(s, c.callId)) return [];
        return callRefusal(s, facts, c.at, rulesAt(c.at)) ?? [{ type: 'OutgoingCallAuthorised', ...c }];
      },

      RecordOutgoingConnected: afterWhatEnded((s, c: OfCall) =>
        resultOf(s, c.callId) === 'connected' ? [] : counted(s, { type: 'OutgoingCallConnected', ...c }, rulesAt(c.at)),
      ),

      /** `at` is when it ended; a later word that contradicts the first replaces it. */
      RecordOutgoingEnded: afterWhatEnded((s, { result, ...c }: { result: OutgoingResult } & OfCall) => {
        const known = resultOf(s, c.callId);
        if (!isLive(s, c.callId) && (known === result || known === 'connected')) return [];
        const held = known === 'connected' ? known : result;
        return counted(s, { type: 'OutgoingCallEnded', ...c, result: held }, rulesAt(c.at));
      }),

      RecordIncomingBegan: (s, c: OfCall) => (isKnown(s, c.callId) ? [] : [{ type: 'IncomingCallBegan', ...c }]),

      RecordIncomingConnected: (s, c: OfCall) =>
        resultOf(s, c.callId) === 'incoming_connected'
          ? []
          : counted(s, { type: 'IncomingCallConnected', ...c }, rulesAt(c.at)),

      RecordIncomingEnded: (s, c: OfCall) =>
        isLive(s, c.callId) || !isKnown(s, c.callId) ? [{ type: 'IncomingCallEnded', ...c }] : [],

      /** Meta wins: 138006 no permission, 138009 asked too often, 138012 connected too often, 138017 already permanent. */
      RecordMetaRefusal: afterWhatEnded(
        (s, c: { at: Instant; metaErrorCode: number; nextAllowedAt: Instant | null } & Pair) => {
          const { metaErrorCode, nextAllowedAt: _, ...when } = c;
          const disagreed: PermissionEvent = { type: 'MetaDisagreed', ...c };
          if (metaErrorCode === 138006 && s.grant.kind !== 'none')
            return [disagreed, { type: 'PermissionRevoked', ...when, because: 'meta', replyId: null }];
          if (metaErrorCode === 138017 && s.grant.kind !== 'permanent') {
            const permanent = { requestId: null, callId: null, permanent: true, until: null, replyId: null };
            return [disagreed, { type: 'PermissionGranted', ...when, source: 'meta', ...permanent }];
          }
          return [disagreed];
        },
      ),

      /** Meta wins where it says otherwise than we believe, unless we have heard of it since we asked (`at`). */
      RecordMetaReport: afterWhatEnded((s, { channelId, customerId, ticketId, ...said }: MetaReport & Pair) =>
        reported(s, said, { channelId, customerId, ticketId }, rulesAt(said.at)),
      ),
    })
    .evolve(evolvePermission);
};

/** May this business call this customer, and may it ask to? Stream `permission-<channelId>.<customerId>`. */
export const permission = permissionUnder(defaultPolicies);
