import type { MissReason, Staff } from './call-events.ts';
import { type Call, nameless, tagsOf } from './call-state.ts';
import type { Caller } from './journey.ts';
import type { Colleague, Route } from './route-call.ts';
import type { Routing } from './routing.ts';
import { seconds } from './time.ts';

/** What journeys ask of this call. */
export const callerOf = (s: Call): Caller => ({
  startedAt: s.startedAt,
  tags: tagsOf(s),
  channelId: s.parties.channelId,
  waId: s.person.waId,
});

/** The agents it was offered to so far. */
export const triedBy = ({ offers }: Call): readonly string[] => offers.map(({ agentId }) => agentId);

/** What is recorded of the router's answer; `null` when only the next agent in turn was asked for. */
export const decisionOf = (s: Call, route: Route, { rules, ruleVersion }: Routing) => {
  const { candidates, chosen, journeyId, waits, noAgent } = route;
  if (s.routed && waits === null && s.queue === null) return null;
  const queued = waits && { because: waits, until: s.queue?.until ?? s.startedAt + seconds(rules.queueSeconds) };
  return { mode: rules.mode, ruleVersion, candidates, chosen, journeyId, noAgent, queued };
};

type Found = { readonly colleague: Colleague | null; readonly journeyId: string | null };

/** Who the agent is to whom a call is given, and as whose member: the team a journey leads to, else their first. */
export const staffOf = ({ colleague, journeyId }: Found, { journeys }: Routing): Staff => {
  const profile = colleague?.state.profile;
  if (!profile) return nameless;
  const led = journeys.find((journey) => journey.journeyId === journeyId)?.route;
  const team = led && 'team' in led && profile.teams.includes(led.team) ? led.team : (profile.teams[0] ?? null);
  return { agentName: profile.name, team };
};

/** Why a call that was offered to everybody is missed. */
const reasonAfter = ({ offers }: Call, noAgent: MissReason): MissReason => {
  if (offers.some(({ state }) => state === 'declined')) return 'all_declined';
  return offers.some(({ state }) => state === 'not_acknowledged') ? 'agent_socket_lost' : noAgent;
};

/** Why a call is missed that nobody takes now, and whose it was by turn if they were not even offered it. */
export const missOf = (s: Call, { chosen, noAgent }: Route): { reason: MissReason; agentId?: string } =>
  chosen !== null && noAgent !== null
    ? { reason: noAgent, agentId: chosen }
    : { reason: reasonAfter(s, noAgent ?? 'no_agent_available') };

/** After these somebody may be free for a call that waits. */
export const mayFreeSomebody = [
  'AgentReleased',
  'AgentActivated',
  'AgentProfileChanged',
  'CallSocketOpened',
  'TicketEntrusted',
  'TicketReleased',
  'RoutingConfigured',
  'JourneyDefined',
] as const;
