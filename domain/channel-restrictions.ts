import { z } from 'zod';
import type { EventOf } from './decider.ts';
import { days, Instant } from './time.ts';

/** Which calls Meta has stopped on a number; `icon` only hides the call button. */
const Restriction = z.enum(['outgoing', 'incoming', 'both', 'icon']);

/** A restriction as Meta tells it; without `until`, for as long as Meta says nothing else. */
const told = { restriction: Restriction, until: Instant.nullable(), metaType: z.string() };
export type ToldRestriction = z.output<z.ZodObject<typeof told>>;

const channelId = z.string();
const about = { at: Instant, channelId };
type About = z.output<z.ZodObject<typeof about>>;

/** What Meta stops on a number or warns of, and when that is over: by its time, or earlier by Meta's own word. */
export const restrictionEvents = {
  ChannelRestricted: { ...about, ...told },
  ChannelRestrictionEnded: { ...about, ...told, because: z.enum(['time', 'lifted']) },
  ChannelViolationReported: { ...about, metaType: z.string() },
  /** Nothing came of a warning for so long that it is no news any more. */
  ChannelViolationLapsed: { ...about, metaType: z.string() },
};
type Event = EventOf<typeof restrictionEvents>;

export type Restrictions = {
  readonly restrictions: readonly (ToldRestriction & { readonly since: Instant })[];
  /** Meta's warnings, the latest of each type. */
  readonly violations: readonly { readonly metaType: string; readonly at: Instant }[];
};

export const noRestrictions: Restrictions = { restrictions: [], violations: [] };

/** How long a warning of Meta matters: a restriction follows within days, or not. */
export const violationMatters = days(30);

/** Whether a restriction has ended by its time. */
export const isOver = ({ until }: ToldRestriction, at: Instant) => until !== null && until <= at;
const words = ({ restriction, until, metaType }: ToldRestriction): ToldRestriction => ({
  restriction,
  until,
  metaType,
});

type Kind = Pick<ToldRestriction, 'restriction'>;
const isKind = (a: Kind) => (b: Kind) => a.restriction === b.restriction;
const isLonger = (a: ToldRestriction, b: ToldRestriction) =>
  b.until !== null && (a.until === null || a.until > b.until);

/** Of each kind the one that lasts longest. */
const longest = (list: readonly ToldRestriction[]) =>
  list.filter((one) => !list.filter(isKind(one)).some((other) => isLonger(other, one)));

/** The restrictions that have ended by their time. */
const timeUp = ({ restrictions }: Restrictions, c: About): Extract<Event, { type: 'ChannelRestrictionEnded' }>[] =>
  restrictions
    .filter((one) => isOver(one, c.at))
    .map((one) => ({ type: 'ChannelRestrictionEnded', ...c, at: one.until ?? c.at, ...words(one), because: 'time' }));

/** A restriction; one of its kind that had ended before is recorded as ended first, should its timer be late. */
const restricted = (s: Restrictions, c: About & ToldRestriction): Event[] => [
  ...timeUp(s, c).filter(isKind(c)),
  { type: 'ChannelRestricted', ...c },
];

/** Meta's word on what a number may do, and what time makes of it. */
export const restrictionDecisions = {
  /** Of one kind the newest word holds, in whatever order they come; of one moment, the one that lasts longer. */
  RecordRestriction: (s: Restrictions, c: About & ToldRestriction): Event[] => {
    const known = s.restrictions.find(isKind(c));
    const isNews = !known || c.at > known.since || (c.at === known.since && isLonger(c, known));
    return isNews && known?.until !== c.until ? restricted(s, c) : [];
  },

  RecordViolation: (_: Restrictions, c: About & { metaType: string }): Event[] => [
    { type: 'ChannelViolationReported', ...c },
  ],

  /** All that holds when Meta was asked (`at`): what is not in the list was lifted, unless it was told only since. */
  RecordRestrictionList: (s: Restrictions, { list, ...c }: About & { list: readonly ToldRestriction[] }): Event[] => {
    const holds = longest(list.filter((one) => !isOver(one, c.at)));
    const older = s.restrictions.filter(({ since }) => since < c.at);
    const gone = older.filter((one) => !isOver(one, c.at) && !holds.some(isKind(one)));
    const news = holds.filter((one) => s.restrictions.find(isKind(one))?.until !== one.until);
    return [
      ...gone.map((one): Event => ({ type: 'ChannelRestrictionEnded', ...c, ...words(one), because: 'lifted' })),
      ...news.flatMap((one) => restricted(s, { ...c, ...one })),
    ];
  },

  /** Fired by a timer at the end of a restriction, or when a warning is old. */
  LetTimePass: (s: Restrictions, c: About): Event[] => [
    ...timeUp(s, c),
    ...s.violations
      .filter(({ at }) => at + violationMatters <= c.at)
      .map(({ metaType }): Event => ({ type: 'ChannelViolationLapsed', ...c, metaType })),
  ],
};

/** The restrictions after one more, which takes the place of the one of its kind. */
export const withRestriction = (
  all: Restrictions['restrictions'],
  { at: since, ...told }: ToldRestriction & { at: Instant },
): Restrictions['restrictions'] => [...withoutRestriction(all, told), { ...words(told), since }];

/** The restrictions without those of a kind. */
export const withoutRestriction = (all: Restrictions['restrictions'], ended: Kind) =>
  all.filter((one) => !isKind(ended)(one));

/** The warnings after one more. */
export const withViolation = (all: Restrictions['violations'], { metaType, at }: { metaType: string; at: Instant }) => {
  const before = all.find((one) => one.metaType === metaType)?.at ?? 0;
  return [...all.filter((one) => one.metaType !== metaType), { metaType, at: Math.max(at, before) }];
};

/** What stops calls in a direction at an instant: of several restrictions the one that lasts longest. */
export const stoppedBy = ({ restrictions }: Restrictions, direction: 'incoming' | 'outgoing', at: Instant) => {
  const stopping = restrictions.filter(
    (one) => (one.restriction === direction || one.restriction === 'both') && !isOver(one, at),
  );
  return stopping.find((one) => !stopping.some((other) => isLonger(other, one)));
};
