import { type Billed, type BilledCall, type BilledMessage, callCost, currency, messageCost } from './costs.ts';
import { GraphError } from './graph-error.ts';

const spans: Readonly<Record<string, number>> = { HALF_HOUR: 1_800, DAILY: 86_400, MONTHLY: 30 * 86_400 };

/**
 * The answer of `GET /{wabaId}?fields=…`: `currency`, `call_analytics` and `pricing_analytics` with their dotted
 * parameters, of the calls in the shape of 2025 when that is wanted. Buckets begin at the asked start, so a day is the
 * caller's day. Throws error 100 for anything else.
 */
export function analytics(billed: Billed, wabaId: string, fields: string, olderShape = false) {
  const calls = queryOf('call_analytics', fields);
  const pricing = queryOf('pricing_analytics', fields);
  const asksCurrency = /\bcurrency\b/.test(fields);
  if (!calls && !pricing && !asksCurrency) throw new GraphError(100, `fields: nothing known in "${fields}".`);
  return {
    ...(asksCurrency && { currency }),
    ...(calls && { call_analytics: callAnalytics(billed, calls, olderShape) }),
    ...(pricing && { pricing_analytics: { data: [{ data_points: messagePoints(billed, pricing) }] } }),
    id: wabaId,
  };
}

type Query = { start: number; end: number; span: number; granularity: string; lists: Record<string, string[]> };

/** Reads `name.start(1).end(2).granularity(DAILY).dimensions(["PHONE"])`, moments in Unix seconds. */
function queryOf(name: string, fields: string): Query | undefined {
  const asked = new RegExp(`${name}((?:\\.\\w+\\([^)]*\\))*)`).exec(fields)?.[1];
  if (asked === undefined) return undefined;
  const parameters = [...asked.matchAll(/\.(\w+)\(([^)]*)\)/g)].map(
    ([, key, value]) => [key!, listOf(value!)] as const,
  );
  const lists: Record<string, string[]> = Object.fromEntries(parameters);
  const granularity = lists.granularity?.[0] ?? '';
  const [start, end, span] = [Number(lists.start?.[0]), Number(lists.end?.[0]), spans[granularity]];
  if (!(start < end) || span === undefined) {
    throw new GraphError(100, `${name}: start, a later end and granularity (HALF_HOUR, DAILY, MONTHLY) are needed.`);
  }
  return { start, end, span, granularity, lists };
}

const listOf = (value: string) => value.split(',').flatMap((item) => item.replace(/[[\]"'\s]/g, '') || []);

function callAnalytics(billed: Billed, query: Query, olderShape: boolean) {
  const { phone_numbers, directions, country_codes, dimensions = [], metric_types } = query.lists;
  const kept = billed.calls.filter(
    ({ phone_number, direction, country }) =>
      among(phone_numbers, phone_number) && among(directions, direction) && among(country_codes, country),
  );
  const data_points = points(kept, query, dimensions, (calls) => ({
    ...(among(metric_types, 'COST') && { cost: total(billed, calls.map(callCost)) }),
    ...(among(metric_types, 'COUNT') && { count: calls.length }),
    ...(among(metric_types, 'AVERAGE_DURATION') && { average_duration: Math.round(average(calls)) }),
  }));
  return olderShape ? { data: [{ data_points }] } : { granularity: query.granularity, data_points };
}

function messagePoints(billed: Billed, query: Query) {
  const { phone_numbers, pricing_categories, pricing_types, dimensions = [], metric_types } = query.lists;
  const kept = billed.messages.filter(
    ({ phone_number, pricing_category, pricing_type }) =>
      among(phone_numbers, phone_number) &&
      among(pricing_categories, pricing_category) &&
      among(pricing_types, pricing_type),
  );
  return points(kept, query, dimensions, (messages) => ({
    ...(among(metric_types, 'VOLUME') && { volume: messages.length }),
    ...(among(metric_types, 'COST') && { cost: total(billed, messages.map(messageCost)) }),
  }));
}

/** No list means all. */
const among = (list: string[] | undefined, value: string) =>
  list === undefined || list.length === 0 || list.includes(value);

const total = (billed: Billed, amounts: number[]) =>
  Number((amounts.reduce((sum, amount) => sum + amount, 0) * billed.factor).toFixed(5));

const average = (calls: BilledCall[]) => calls.reduce((sum, { seconds }) => sum + seconds, 0) / calls.length;

/** One point for every bucket and combination of the dimensions asked for that has anything in it. */
function points<R extends BilledCall | BilledMessage>(
  rows: R[],
  { start, end, span }: Query,
  dimensions: string[],
  measure: (rows: R[]) => object,
) {
  const groups = new Map<string, { point: object; rows: R[] }>();
  for (const row of rows) {
    const at = Math.floor(row.at / 1_000);
    if (at < start || at >= end) continue;
    const from = start + Math.floor((at - start) / span) * span;
    const point = { start: from, end: Math.min(from + span, end), ...labels(row, dimensions) };
    const key = JSON.stringify(point);
    const group = groups.get(key) ?? { point, rows: [] };
    groups.set(key, group);
    group.rows.push(row);
  }
  return [...groups.values()].map(({ point, rows }) => ({ ...point, ...measure(rows) }));
}

/** The dimensions (PHONE, COUNTRY, DIRECTION, PRICING_CATEGORY, PRICING_TYPE, in any case) by the names of their keys. */
function labels(row: object, dimensions: string[]) {
  const keys = dimensions.map((dimension) => dimension.toLowerCase().replace(/^phone$/, 'phone_number'));
  return Object.fromEntries(Object.entries(row).filter(([key]) => keys.includes(key)));
}
