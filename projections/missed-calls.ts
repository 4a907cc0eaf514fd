import type { Direction } from '../domain/agent.ts';
import type { CallStatus, MissReason } from '../domain/call-events.ts';
import type { Instant } from '../domain/time.ts';
import { projection } from './projection.ts';

type Miss = { readonly callId: string; readonly at: Instant; readonly reason: MissReason };

export type MissedCalls = {
  readonly channelId: string;
  readonly channelName: string;
  readonly customer: { readonly customerId: string; readonly waId: string | null; readonly name: string | null };
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly reasons: readonly MissReason[];
  readonly ticketId: string | null;
  readonly assignee: { readonly agentId: string | null; readonly teamId: string | null };
  readonly state: 'pending' | 'being_called';
  readonly detail: {
    readonly misses: readonly Miss[];
    /** The call by which an agent tries to reach the customer now. */
    readonly callback: string | null;
    readonly lastSpokenAt: Instant;
  };
};

type Pair = { readonly channelId: string; readonly customerId: string };

const nobody = { agentId: null, teamId: null };

const unseen = ({ channelId, customerId }: Pair): MissedCalls => ({
  channelId,
  channelName: '',
  customer: { customerId, waId: null, name: null },
  count: 0,
  firstAt: 0,
  lastAt: 0,
  reasons: [],
  ticketId: null,
  assignee: nobody,
  state: 'pending',
  detail: { misses: [], callback: null, lastSpokenAt: 0 },
});

const withDetail = (doc: MissedCalls, change: Partial<MissedCalls['detail']>): MissedCalls => {
  const detail = { ...doc.detail, ...change };
  const times = detail.misses.map(({ at }) => at);
  return {
    ...doc,
    count: times.length,
    firstAt: times.length > 0 ? Math.min(...times) : 0,
    lastAt: times.length > 0 ? Math.max(...times) : 0,
    reasons: [...new Set(detail.misses.map(({ reason }) => reason))],
    state: detail.callback === null ? 'pending' : 'being_called',
    detail,
  };
};

/** Both sides spoke at this moment: what was missed before it is settled. */
const spokenAt = (doc: MissedCalls | null, pair: Pair, at: Instant) => {
  const before = doc ?? unseen(pair);
  const misses = before.detail.misses.filter((miss) => miss.at > at);
  return withDetail(before, { misses, lastSpokenAt: Math.max(before.detail.lastSpokenAt, at) });
};

type Concluded = Pair & {
  readonly callId: string;
  readonly direction: Direction;
  readonly status: CallStatus;
  readonly answeredAt: Instant | null;
};

/** A call back that is over is no longer one; a miss that later evidence turned into a conversation is none. */
const concluded = (doc: MissedCalls | null, { callId, status, answeredAt, ...pair }: Concluded) => {
  const spoken = answeredAt === null ? (doc ?? unseen(pair)) : spokenAt(doc, pair, answeredAt);
  const { misses, callback } = spoken.detail;
  return withDetail(spoken, {
    misses: status === 'missed' ? misses : misses.filter((miss) => miss.callId !== callId),
    callback: callback === callId ? null : callback,
  });
};

const settled = (doc: MissedCalls | null, pair: Pair) => withDetail(doc ?? unseen(pair), { misses: [] });

/**
 * The missed-calls tab: the customers who wait to be called back, one document per channel and customer, keyed
 * `<channelId>.<customerId>`. Who waits no more goes to rest, so that a miss told late is known to be settled.
 */
export const missedCalls = projection<MissedCalls>({
  name: 'missed_calls',
  version: 1,
  indexes: [[{ store: 1, 'doc.lastAt': -1, _id: -1 }]],
  standing: ({ count }) => (count > 0 ? 'shown' : 'resting'),
})(
  {
    CallMissed: (doc, { callId, at, reason, channelName, waId, customerName, ticketId, agentId, ...pair }) => {
      const before = doc ?? unseen(pair);
      const { misses, lastSpokenAt } = before.detail;
      const known = misses.some((miss) => miss.callId === callId);
      const named = {
        ...before,
        channelName,
        customer: { customerId: pair.customerId, waId, name: customerName },
        ticketId,
        assignee: before.ticketId === ticketId ? before.assignee : { agentId, teamId: null },
      };
      return known || at < lastSpokenAt ? named : withDetail(named, { misses: [...misses, { callId, at, reason }] });
    },
    CallAnswered: (doc, event) => spokenAt(doc, event, event.at),
    CallPickedUp: (doc, event) => spokenAt(doc, event, event.at),
    CallPlaced: (doc, event) => withDetail(doc ?? unseen(event), { callback: event.callId }),
    CallConcluded: concluded,
    TicketAssigned: (doc, { ticketId, agentId, teamId, ...pair }) => ({
      ...(doc ?? unseen(pair)),
      ticketId,
      assignee: { agentId, teamId },
    }),
    TicketResolved: settled,
    MissedCallsDismissed: settled,
  },
  ({ channelId, customerId }) => `${channelId}.${customerId}`,
);
