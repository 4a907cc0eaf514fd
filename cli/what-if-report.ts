import { MissReason } from '../domain/call-events.ts';
import type { AgentFigures, Figures, Spread } from '../domain/what-if/figures.ts';
import type { Asked, WhatIf } from '../domain/what-if/what-if.ts';
import type { Report } from './what-if.ts';

/** What the model takes for granted, and what it goes by. */
export const assumptionsOf = ({ basis }: WhatIf): readonly string[] => {
  const { offers, answers, agents, waits, hangUps, talks } = basis;
  const own = agents.length > 0 ? `; ${agents.join(', ')} as in their own` : '';
  return [
    'Customers call, agents come and go, and tickets are resolved as it was then.',
    `An agent treats a call as they did then, else as in the ${told(offers, 'offer')} of that time (${count(answers)} answered)${own}.`,
    `A caller hangs up as they did then, else as the ${told(waits, 'caller')} of that time (${count(hangUps)} hung up); beyond that WhatsApp ends the call after 60 s.`,
    `A conversation lasts as long as then, else as one of the ${told(talks, 'conversation')} of that time.`,
    'What else to keep in mind stands in docs/what-if.md.',
  ];
};

const told = (n: number, what: string) => `${count(n)} ${what}${n === 1 ? '' : 's'}`;
const count = (n: number) => n.toLocaleString('en');
const percent = (share: number | null) => (share === null ? '-' : `${(100 * share).toFixed(1)} %`);
const seconds = (n: number) => n.toFixed(n < 10 ? 1 : 0);
const hours = (n: number) => `${Math.floor(n / 3_600)}:${String(Math.floor((n % 3_600) / 60)).padStart(2, '0')}`;
const spread = (found: Spread | null) =>
  found ? [found.median, found.p90, found.longest].map(seconds).join(' / ') : '-';

type Row = readonly string[];

/** Columns of equal width: the first to the left, the others to the right. */
const aligned = (rows: readonly Row[]): readonly string[] => {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
};

const comparison = ({ happened, rulesOfThen, rulesAsked }: WhatIf): readonly Row[] => {
  const row = (label: string, cell: (figures: Figures) => string): Row => [
    label,
    ...[happened, rulesOfThen, rulesAsked].map(cell),
  ];
  const reasons = MissReason.options.filter((reason) =>
    [happened, rulesOfThen, rulesAsked].some(({ missReasons }) => missReasons[reason]),
  );
  return [
    ['', 'happened', 'rules of then', 'rules asked'],
    row('calls', ({ calls }) => count(calls)),
    row('answered', ({ answered }) => count(answered)),
    row('missed', ({ missed }) => count(missed)),
    row('missed rate', ({ missedRate }) => percent(missedRate)),
    ...reasons.map((reason) => row(`  ${reason}`, ({ missReasons }) => count(missReasons[reason] ?? 0))),
    row('had to wait for an agent', ({ queued }) => count(queued)),
    row('seconds until answered *', ({ waitSeconds }) => spread(waitSeconds.answered)),
    row('seconds until missed *', ({ waitSeconds }) => spread(waitSeconds.missed)),
  ];
};

const agentColumns: readonly (readonly [string, (of: AgentFigures) => string])[] = [
  ['offered', ({ offered }) => count(offered)],
  ['answered', ({ answered }) => count(answered)],
  ['talk, h:mm', ({ talkSeconds }) => hours(talkSeconds)],
  ['tickets given', ({ ticketsGiven }) => count(ticketsGiven)],
  ['most open', ({ mostTickets }) => count(mostTickets)],
  ['longest idle, h:mm', ({ longestIdleSeconds }) => hours(longestIdleSeconds)],
];

const byAgent = ({ happened, rulesOfThen, rulesAsked }: WhatIf): readonly Row[] => [
  ['agent **', ...agentColumns.map(([name]) => name)],
  ...happened.agents.map((of, i) => {
    const each = [of, rulesOfThen.agents[i], rulesAsked.agents[i]].filter((one) => one !== undefined);
    return [of.agentId, ...agentColumns.map(([, cell]) => each.map(cell).join(' / '))];
  }),
];

const asTold = ({ capacity, ...rules }: Asked) =>
  Object.entries({ ...rules, capacity: capacity?.global, ...capacity?.teams })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** The answer as a person reads it. */
export const linesOf = (report: Report): readonly string[] => {
  const { store, from, to, asked, happened, replayedAlike, ongoing, assumptions } = report;
  return [
    `${store}, ${from} until ${to}; asked: ${asTold(asked)}`,
    '',
    ...aligned(comparison(report)),
    '',
    ...aligned(byAgent(report)),
    '',
    '*  median / nine of ten at most / longest    **  happened / rules of then / rules asked',
    `Under the rules of then the replay has ${count(replayedAlike)} of ${told(happened.calls, 'call')} (${percent(replayedAlike / happened.calls)}) as they were: same agent, or same reason.`,
    ...(ongoing > 0 ? [`${told(ongoing, 'call')} not over yet: counted nowhere.`] : []),
    '',
    'Taken for granted:',
    ...assumptions.map((one) => `- ${one}`),
  ];
};
