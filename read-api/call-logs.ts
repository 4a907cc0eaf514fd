import type { Db } from 'mongodb';
import { z } from 'zod';
import { present, presentRow } from '../http/present.ts';
import { notFound } from '../http/problem.ts';
import { type Route, readers, route } from '../http/route.ts';
import { callEvidence } from '../projections/call-detail.ts';
import { callLogs } from '../projections/call-logs.ts';
import { callLogsListing } from '../projections/filters/call-logs.ts';
import { readModel } from '../projections/reader.ts';
import type { EventLog } from '../store/event-log.ts';
import { answerAt } from './answer.ts';
import { decisionsOf } from './call-decisions.ts';
import { listRoute } from './list.ts';
import { minPosition, reflectedPosition } from './position.ts';

const columns = {
  callId: 'callId',
  metaCallId: 'metaCallId',
  direction: 'direction',
  status: 'status',
  subStatus: 'subStatus',
  missReason: 'missReason',
  channelId: 'channelId',
  channelName: 'channelName',
  customerId: 'customer.customerId',
  customerNumber: 'customer.waId',
  customerName: 'customer.name',
  agentId: 'agentId',
  agentName: 'agentName',
  team: 'team',
  ticketId: 'ticketId',
  startedAt: 'startedAt',
  answeredAt: 'answeredAt',
  endedAt: 'endedAt',
  ringSeconds: 'ringSeconds',
  talkSeconds: 'talkSeconds',
  endedBy: 'endedBy',
  costMinor: 'cost.minor',
  costCurrency: 'cost.currency',
  origin: 'origin.kind',
  originInviteId: 'origin.inviteId',
  originPayload: 'origin.payload',
};

/** Fields a count is broken down by, as the answer and as the document name them. */
const facets = { status: 'status', direction: 'direction', channel: 'channelId', agent: 'agentId' } as const;

export type CallLogDeps = { readonly db: Db; readonly log: Pick<EventLog, 'read'> };

/** The call logs: a row per call, how many there are of each kind, and all that is known of one. */
export const callLogRoutes = ({ db, log }: CallLogDeps): readonly Route[] => {
  const model = readModel(db, callLogs);

  return [
    listRoute({
      path: '/v1/call-logs',
      summary: 'The call logs, newest first',
      model,
      listing: callLogsListing,
      columns,
    }),

    route({
      method: 'get',
      path: '/v1/call-logs/counts',
      summary: 'How many calls match, by status, direction, channel and agent',
      roles: readers,
      query: { ...callLogsListing.shape, ...minPosition },
      handle: async (request) => {
        const {
          caller: { store },
          query,
          signal,
        } = request;
        const { minPosition: wanted, ...parameters } = query;
        const position = await reflectedPosition([model], wanted, signal);
        const groups = await model.groups(store, callLogsListing.filterOf(parameters), Object.values(facets));
        const total = groups.reduce((sum, { count }) => sum + count, 0);
        const counts = Object.entries(facets).map(([name, field]) => [name, countsBy(groups, field)]);
        return answerAt(request, position, { total, ...Object.fromEntries(counts) });
      },
    }),

    route({
      method: 'get',
      path: '/v1/call-logs/:callId',
      summary:
        'One call with its legs, its timeline, why it went where it did, its cost and the evidence of its status',
      roles: readers,
      params: { callId: z.string().min(1) },
      query: minPosition,
      handle: async (request) => {
        const { caller, params, query, signal } = request;
        const position = await reflectedPosition([model], query.minPosition, signal);
        const found = await model.get(caller.store, params.callId);
        if (!found) throw notFound('call');
        const { state, legs, timeline } = found.doc.detail;
        const decisions = await decisionsOf(log, params.callId, timeline);
        return answerAt(request, position, {
          ...presentRow(found),
          legs: present(legs),
          timeline: present(timeline),
          decisions: present(decisions),
          evidence: present(callEvidence(state)),
        });
      },
    }),
  ];
};

type Group = { readonly _id: Readonly<Record<string, string | null>>; readonly count: number };

/** What no value stands for (a call that no agent had) is counted under `none`. */
const countsBy = (groups: readonly Group[], field: string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { _id, count } of groups) {
    const value = _id[field] ?? 'none';
    counts[value] = (counts[value] ?? 0) + count;
  }
  return counts;
};
