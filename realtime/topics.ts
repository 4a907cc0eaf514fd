import { z } from 'zod';
import type { Role } from '../domain/agent.ts';
import type { Caller } from '../http/caller.ts';
import { presentRow } from '../http/present.ts';
import { readers, staff } from '../http/route.ts';
import { callLogsListing } from '../projections/filters/call-logs.ts';
import { callbackRequestsListing } from '../projections/filters/callback-requests.ts';
import type { Filter, Listing, Sort } from '../projections/filters/listing.ts';
import { missedCallsListing } from '../projections/filters/missed-calls.ts';
import { CustomerName } from '../projections/filters/parameters.ts';
import { ticketsListing } from '../projections/filters/tickets.ts';
import {
  activities,
  agents,
  callbackRequests,
  callLogs,
  channels,
  inbox,
  missedCalls,
  permissions,
  tickets,
} from '../projections/index.ts';
import type { Projection, Shown } from '../projections/projection.ts';
import type { Directory } from '../store/directory.ts';
import { FrameError, faultsOf } from './frames.ts';

/** What a subscription shows: documents of one read model, of the caller's store, that match a filter. */
export type Question = {
  readonly topic: string;
  readonly projection: Projection<object>;
  readonly store: string;
  /** The same for all who ask the same. */
  readonly key: string;
  /** What matches now: whoever is asked about by number may become known later. */
  filter(): Promise<Filter>;
  /** The same as the filter, where looking at a document is enough; spares a query per question and change. */
  readonly matches?: (shown: Shown<object>) => boolean;
  readonly sort: Sort;
  /** How many documents a snapshot has at most. */
  readonly limit: number;
  /** Whether the number of matching documents is told as well, under the key `badge`. */
  readonly hasBadge: boolean;
  present(shown: Shown<object>): object;
};

type Customers = Pick<Directory, 'find'>;

/** `found`: in place of the filter, where it takes a look at who is known. */
type Shape = Pick<Question, 'sort' | 'matches'> & {
  readonly filter: Filter;
  readonly found?: (customers: Customers) => Promise<Filter>;
};

type Topic = Pick<Question, 'limit' | 'hasBadge' | 'present'> & {
  readonly projection: Projection<object>;
  readonly roles: readonly Role[];
  ask(params: unknown, caller: Caller): Shape;
};

type Declared<P extends z.ZodType> = {
  projection: Projection<object>;
  params: P;
  roles?: readonly Role[];
  limit?: number;
  hasBadge?: boolean;
  present?: Topic['present'];
  ask(params: z.output<P>, caller: Caller): Shape;
};

const topic = <P extends z.ZodType>({ params, ask, ...d }: Declared<P>): Topic => ({
  roles: readers,
  limit: 200,
  hasBadge: false,
  present: presentRow,
  ...d,
  ask: (given, caller) => {
    const parsed = params.safeParse(given);
    if (!parsed.success) throw new FrameError('topic.params', faultsOf(parsed.error));
    return ask(parsed.data, caller);
  },
});

const list = (projection: Projection<object>, { shape, filterOf, sortOf }: Listing, hasBadge = false) =>
  topic({
    projection,
    params: z.strictObject(shape),
    hasBadge,
    ask: (params) => {
      const filter = filterOf(params);
      const isAll = Object.keys(filter).length === 0;
      return { ...(isAll ? anything : { filter }), sort: sortOf({ sort: String(params.sort) }) };
    },
  });

/** Documents with this value of a field of theirs. */
const having = (field: string, value: string) => ({
  filter: { [`doc.${field}`]: value },
  matches: ({ doc }: Shown<object>) => Reflect.get(doc, field) === value,
});

const anything = { filter: {}, matches: () => true };

const up = (path: string): Sort => ({ path, direction: 1 });
const down = (path: string): Sort => ({ path, direction: -1 });
const nothing = z.strictObject({});

/** SDP goes to the call panel of the offered agent only, by the signalling of calls. */
const withoutSdp = (shown: Shown<object>) => {
  const { sdpOffer: _, sdpAnswer: __, ...row } = presentRow(shown);
  return row;
};

const topics: Readonly<Record<string, Topic>> = {
  'call-logs': list(callLogs, callLogsListing),
  tickets: list(tickets, ticketsListing),
  ticket: topic({
    projection: activities,
    params: z.strictObject({ ticketId: z.string().min(1).max(200) }),
    ask: ({ ticketId }) => ({ ...having('ticketId', ticketId), sort: down('at') }),
  }),
  'missed-calls': { ...list(missedCalls, missedCallsListing, true), limit: 1_000 },
  'callback-requests': { ...list(callbackRequests, callbackRequestsListing), limit: 1_000 },
  inbox: topic({
    projection: inbox,
    params: nothing,
    roles: staff,
    present: withoutSdp,
    ask: (_, { sub }) => ({ ...having('agentId', sub), sort: down('doc.startedAt') }),
  }),
  agents: topic({
    projection: agents,
    params: nothing,
    limit: 5_000,
    ask: () => ({ ...anything, sort: up('doc.agentId') }),
  }),
  channels: topic({
    projection: channels,
    params: nothing,
    limit: 1_000,
    ask: () => ({ ...anything, sort: up('doc.name') }),
  }),
  permission: topic({
    projection: permissions,
    params: z.strictObject({ channelId: z.string().min(1).max(200), customer: CustomerName }),
    ask: ({ channelId, customer }, { store }) => {
      const key = `${channelId}.${customer.replace(/^\+/, '')}`;
      const byId = { filter: { _id: key }, sort: up('_id') };
      if (customer.startsWith('cus_')) return { ...byId, matches: ({ _id }) => _id === key };
      const found = async (customers: Customers) => {
        const known = await customers.find(store, customer);
        return { _id: known ? `${channelId}.${known.customerId}` : key };
      };
      return { ...byId, found };
    },
  }),
};

/** The read models that any topic shows. */
export const shownReadModels = [...new Set(Object.values(topics).map(({ projection }) => projection))];

const known = (name: string) => {
  const found = Object.hasOwn(topics, name) ? topics[name] : undefined;
  if (found) return found;
  throw new FrameError('topic.unknown', `topic must be one of ${Object.keys(topics).join(', ')}`);
};

/** Whether somebody of this role may follow a topic. */
export const maySee = (name: string, role: Role) => known(name).roles.includes(role);

/** What a caller asks for by a topic and its parameters; a `FrameError` when there is none such, or not for them. */
export const questionOf = (name: string, params: unknown, caller: Caller, customers: Customers): Question => {
  const { ask, roles, ...shown } = known(name);
  if (!roles.includes(caller.role))
    throw new FrameError('topic.forbidden', `${name} needs the role ${roles.join(' or ')}; yours is ${caller.role}`);
  const { store } = caller;
  const { filter, found, ...shape } = ask(params, caller);
  const key = JSON.stringify([name, store, filter, shape.sort]);
  return { ...shown, ...shape, topic: name, store, key, filter: async () => found?.(customers) ?? filter };
};
