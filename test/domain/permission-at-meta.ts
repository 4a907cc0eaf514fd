import fc from 'fast-check';
import { fold, isRefusal } from '../../domain/decider.ts';
import { permission } from '../../domain/permission.ts';
import type { PairLimit, PermissionStanding } from '../../domain/permission-events.ts';
import type { Permission } from '../../domain/permission-state.ts';
import { days, hours, minutes, seconds, within } from '../../domain/time.ts';
import { accept, ask, dial, monday, pair, reject } from './permission-facts.ts';

type Command = Parameters<typeof permission.decide>[1];

/** How often Meta lets a business ask and call a customer. */
type Rules = { readonly requestsPer24h: number; readonly requestsPer7d: number; readonly connectedPer24h: number };
export const usual: Rules = { requestsPer24h: 1, requestsPer7d: 2, connectedPer24h: 10 };

/** All that Meta knows of a pair. */
export type Meta = {
  readonly rules: Rules;
  grant: Pick<PermissionStanding, 'status' | 'until'>;
  requestedAt: number[];
  connectedAt: number[];
};
export const metaAtFirst = (rules: Rules): Meta => ({
  rules,
  grant: { status: 'none', until: null },
  requestedAt: [],
  connectedAt: [],
});

/** The limits as Meta counts them. */
export const usageAt = ({ rules, requestedAt, connectedAt }: Meta, now: number): readonly PairLimit[] => {
  const usage = (action: PairLimit['action'], period: number, maxAllowed: number) => {
    const all = action === 'request' ? requestedAt : connectedAt;
    const counting = all.filter(within(period, now)).toSorted((a, b) => a - b);
    const blocking = counting.at(-maxAllowed);
    return { action, period, maxAllowed, used: counting.length, freeAt: blocking ? blocking + period : null };
  };
  return [
    usage('request', hours(24), rules.requestsPer24h),
    usage('request', days(7), rules.requestsPer7d),
    usage('call', hours(24), rules.connectedPer24h),
  ];
};

/** What Meta answers when it is asked. */
export const reportOf = (meta: Meta, at: number) => {
  const { status, until } = meta.grant;
  const standing = until !== null && until <= at ? { status: 'none' as const, until: null } : { status, until };
  return { type: 'RecordMetaReport' as const, at, ...pair, ...standing, limits: [...usageAt(meta, at)] };
};

/**
 * Meta and we, side by side. `strangers`: what only Meta knows the moment of; `unsure`: requests of unknown fate; `unheard`:
 * conversations that cleared the requests and that nobody told us of.
 */
type Life = { meta: Meta; ours: Permission; at: number; strangers: number; unsure: number; unheard: number };

/** Whether Meta's counts leave no doubt what they mean: of two requests, one may be the one that it has. */
const isClear = ({ strangers, unsure, unheard }: Life) => strangers === 0 && (unsure === 0 || unsure + unheard === 1);

const run = (life: Life, command: Command): boolean => {
  const decision = permission.decide(life.ours, command);
  if (isRefusal(decision)) return false;
  life.ours = fold(permission, life.ours, decision);
  return decision.length > 0;
};

const hasRoom = ({ meta, at }: Life, action: PairLimit['action']) =>
  usageAt(meta, at).every((limit) => limit.action !== action || limit.freeAt === null);

/** `told`: whether an answer or a webhook tells us of it; `n` names it. */
type Doing = (life: Life, n: number, told: boolean) => void;

const doings = {
  request: (life, n, told) => {
    const { at, meta } = life;
    const request = { ...pair, requestId: `r${n}` };
    if (!run(life, { ...ask(at), ...request })) return;
    if (!hasRoom(life, 'request')) run(life, { type: 'RecordRequestRefused', at, ...request, metaErrorCode: 138009 });
    else if (told || n % 2 === 0) meta.requestedAt.push(at + seconds(n % 8)); // else it never reached Meta, and nobody knows
    if (told) run(life, { type: 'RecordRequestSent', at: at + seconds(8), ...request, messageId: `m${n}` });
    else life.unsure++;
  },
  call: (life, n, told) => {
    const { at, meta } = life;
    const call = { at: at + seconds(20), ...pair, callId: `c${n}` };
    if (!run(life, dial(at, call.callId))) return;
    const rings = reportOf(meta, at).status !== 'none' && hasRoom(life, 'call');
    if (rings) Object.assign(meta, { connectedAt: [...meta.connectedAt, call.at], requestedAt: [] });
    if (rings && told) run(life, { type: 'RecordOutgoingConnected', ...call });
    if (rings && !told) life.strangers++;
    run(life, { type: 'RecordOutgoingEnded', ...call, result: rings && told ? 'connected' : 'failed' });
  },
  incoming: (life, n, told) => {
    life.meta.requestedAt = [];
    if (told) run(life, { type: 'RecordIncomingConnected', at: life.at, ...pair, callId: `in${n}` });
    else life.unheard++;
  },
  stranger: (life, _, told) => {
    (told ? life.meta.requestedAt : life.meta.connectedAt).push(life.at);
    life.strangers++;
  },
  grant: (life, n, told) => {
    const { at } = life;
    const permanent = n % 3 === 0;
    const until = permanent ? null : at + days(7);
    life.meta.grant = { status: permanent ? 'permanent' : 'temporary', until };
    if (told) run(life, accept(at, { permanent, until }));
  },
  revoke: (life, _, told) => {
    life.meta.grant = { status: 'none', until: null };
    if (told) run(life, reject(life.at));
  },
  report: (life) => {
    run(life, reportOf(life.meta, life.at));
  },
} satisfies Record<string, Doing>;

const happenings = fc.array(
  fc.record({
    gap: fc.oneof(
      { weight: 2, arbitrary: fc.integer({ min: minutes(3), max: hours(5) }) },
      { weight: 1, arbitrary: fc.integer({ min: hours(5), max: days(3) }) },
    ),
    what: fc.constantFrom<keyof typeof doings>(
      ...(['request', 'request', 'call', 'call', 'stranger', 'grant', 'revoke', 'report', 'incoming'] as const),
    ),
    told: fc.boolean(),
  }),
  { maxLength: 40, size: 'max' },
);

const rules: fc.Arbitrary<Rules> = fc.oneof(
  fc.constant(usual),
  fc.record({
    requestsPer24h: fc.integer({ min: 1, max: 3 }),
    requestsPer7d: fc.integer({ min: 2, max: 5 }),
    connectedPer24h: fc.integer({ min: 1, max: 4 }),
  }),
);

/** A life of a pair of which we hear but a part, up to a report some minutes after the last thing that happened. */
export const lives = fc.tuple(happenings, rules).map(([row, rules]) => {
  const doubts = { strangers: 0, unsure: 0, unheard: 0 };
  const life: Life = { meta: metaAtFirst(rules), ours: permission.initial, at: monday, ...doubts };
  for (const [n, { gap, what, told }] of row.entries()) {
    life.at = Math.floor((life.at + gap) / 1_000) * 1_000;
    doings[what](life, n, told);
  }
  life.at += minutes(10);
  doings.report(life);
  return { ...life, isClear: isClear(life), hears: (at: number) => run(life, reportOf(life.meta, at)) };
});
