import { z } from 'zod';
import { personal } from './personal.ts';
import { Instant } from './time.ts';

const agentId = z.string();

export const Role = z.enum(['agent', 'team_manager', 'admin', 'auditor', 'analyst']);
export type Role = z.infer<typeof Role>;
export const Direction = z.enum(['incoming', 'outgoing']);
export type Direction = z.infer<typeof Direction>;

const Profile = {
  name: personal(z.string(), 'agentId'),
  email: personal(z.string(), 'agentId'),
  role: Role,
  teams: z.array(z.string()),
  capacity: z.int().positive().nullable(),
};
export type Profile = z.output<z.ZodObject<typeof Profile>>;

/** Why an agent is available or not from here on; `spell` counts such spells of theirs from 1, and is 0 from before they were counted. */
const Spell = { reason: z.string().nullable(), spell: z.int().nonnegative().default(0) };

/** Why an agent is free again of a call that was reserved for them. */
export const ReleaseCause = z.enum(['ended', 'declined', 'timed_out', 'not_acknowledged', 'withdrawn', 'refused']);

/** The life of an agent: who they are, whether they take calls, what holds them, which browser is theirs. */
export const agentEvents = {
  AgentRegistered: { at: Instant, agentId, ...Profile },
  AgentProfileChanged: { at: Instant, agentId, ...Profile },
  AgentActivated: { at: Instant, agentId, ...Spell },
  AgentDeactivated: { at: Instant, agentId, ...Spell },
  AgentReserved: { at: Instant, agentId, callId: z.string(), direction: Direction },
  AgentReleased: { at: Instant, agentId, callId: z.string(), because: ReleaseCause },
  /** A call was this agent's by turn, present or not, and they could not take it. */
  TurnMissed: { at: Instant, agentId, callId: z.string() },
  /** An open ticket became this agent's, or is theirs no more: it was resolved, or given to another. */
  TicketEntrusted: { at: Instant, agentId, ticketId: z.string() },
  TicketReleased: { at: Instant, agentId, ticketId: z.string() },
  CallSocketOpened: {
    at: Instant,
    agentId,
    sessionId: z.string(),
    tab: z.string(),
    gateway: z.string(),
    fence: z.int().positive(),
    takenFrom: z.string().nullable(),
  },
  CallSocketClosed: { at: Instant, agentId, sessionId: z.string() },
};
