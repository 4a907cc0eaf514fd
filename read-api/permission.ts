import type { Db } from 'mongodb';
import { z } from 'zod';
import { agent, agentRefusal } from '../domain/agent.ts';
import { askingRefusal, outgoingRefusal } from '../domain/channel.ts';
import { permission } from '../domain/permission.ts';
import { defaultPolicies, policyAt } from '../domain/permission-policy.ts';
import type { Permission } from '../domain/permission-state.ts';
import { type CallFacts, verdictOf } from '../domain/permission-verdict.ts';
import { hours, type Instant } from '../domain/time.ts';
import type { Caller } from '../http/caller.ts';
import { present } from '../http/present.ts';
import { notFound } from '../http/problem.ts';
import { type Route, readers, route, staff } from '../http/route.ts';
import { agents } from '../projections/agents.ts';
import { channels } from '../projections/channels.ts';
import { CustomerName } from '../projections/filters/parameters.ts';
import { permissionStateOf, permissions } from '../projections/permissions.ts';
import { readModel } from '../projections/reader.ts';
import type { Directory } from '../store/directory.ts';
import { answerAt } from './answer.ts';
import { minPosition, reflectedPosition } from './position.ts';

export type PermissionDeps = {
  readonly db: Db;
  readonly directory: Pick<Directory, 'find'>;
  readonly now: () => Instant;
};

/** May the caller call this customer now, may they ask to, and what is left of every limit. */
export const permissionRoute = ({ db, directory, now }: PermissionDeps): Route => {
  const models = {
    permissions: readModel(db, permissions),
    channels: readModel(db, channels),
    agents: readModel(db, agents),
  };

  /** What the channel and, where the caller is an agent or registered as one who takes calls, they themselves have against a call. */
  const factsFor = async (caller: Caller, channelId: string, at: Instant): Promise<CallFacts> => {
    const [number, colleague] = await Promise.all([
      models.channels.get(caller.store, channelId),
      models.agents.get(caller.store, `${caller.store}.${caller.sub}`),
    ]);
    if (!number) throw notFound('channel');
    const takesCalls = caller.role === 'agent' || (staff.includes(caller.role) && colleague !== null);
    const channelAt = (then: Instant) => outgoingRefusal(number.doc.detail, then);
    return {
      channel: channelAt(at),
      channelAt,
      asking: askingRefusal(number.doc.detail, at),
      agent: takesCalls ? agentRefusal(colleague?.doc.detail ?? agent.initial, at) : null,
    };
  };

  /** Whoever is named by a number that nobody has met is a stranger of whom nothing is known. */
  const customerNamed = async (store: string, named: string) => {
    const known = await directory.find(store, named);
    if (known) return { customerId: known.customerId, waId: known.waId, name: known.name };
    if (!/^\+?\d+$/.test(named)) throw notFound('customer');
    return { customerId: null, waId: named.replace(/^\+/, ''), name: null };
  };

  return route({
    method: 'get',
    path: '/v1/channels/:channelId/customers/:customer/permission',
    summary: 'May we call this customer, may we ask to, and when',
    roles: readers,
    params: { channelId: z.string().min(1), customer: CustomerName },
    query: minPosition,
    handle: async (request) => {
      const { caller, params, query, signal } = request;
      const { channelId } = params;
      const position = await reflectedPosition(Object.values(models), query.minPosition, signal);
      const at = now();
      const facts = await factsFor(caller, channelId, at);
      const customer = await customerNamed(caller.store, params.customer);
      const found =
        customer.customerId && (await models.permissions.get(caller.store, `${channelId}.${customer.customerId}`));
      const state = found ? found.doc.detail : permission.initial;
      return answerAt(request, position, {
        channelId,
        customer,
        ...answerFor(state, facts, at),
        decidedBy: found ? found.doc.decidedBy : null,
      });
    },
  });
};

type Limit = ReturnType<typeof verdictOf>['limits'][number];

const limitShown = ({ period, ...limit }: Limit) => ({ ...limit, periodHours: period / hours(1) });

const answerFor = (s: Permission, facts: CallFacts, at: Instant) => {
  const { call, request, counters, limits, missesLeft } = verdictOf(s, facts, at, policyAt(defaultPolicies, at));
  const { until, source } = s.grant;
  const ranOut = until !== null && until <= at;
  const answer = {
    state: ranOut ? 'expired' : permissionStateOf(s),
    until,
    source,
    requests: s.requests,
    verdict: { ...call, missesLeft, counters, limits: limits.map(limitShown) },
    request,
  };
  return present(answer) as object;
};
