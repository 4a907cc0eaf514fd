import type { Named } from '../domain/index.ts';
import type { Actor } from '../domain/metadata.ts';
import type { Instant } from '../domain/time.ts';
import type { Recorded } from '../store/event-log.ts';
import { projection } from './projection.ts';

export type Availability = {
  readonly agentId: string;
  readonly from: Instant;
  /** `null`: it is so now. */
  readonly until: Instant | null;
  readonly active: boolean;
  readonly reason: string | null;
  /** Who said so. */
  readonly actor: Actor;
};

/** The document of a spell of an agent; 0 is the one that begins when they are registered. */
export const spellKey = (store: string, agentId: string, spell: number) =>
  `${store}.${agentId}.${String(spell).padStart(9, '0')}`;

type Switch = Named<'AgentActivated' | 'AgentDeactivated'>;

/** Begins its own spell, and ends the one before. */
const switched =
  (active: boolean) =>
  (before: Availability | null, { at, agentId, reason, spell }: Switch, recorded: Recorded, key: string) => {
    const begun = { agentId, from: at, until: null, active, reason, actor: recorded.metadata.actor };
    return key === spellKey(recorded.metadata.store, agentId, spell) ? begun : before && { ...before, until: at };
  };

/** When agents took calls and when not, one document per spell, from their registration on. Keys are `<store>.<agentId>.<spell>`. */
export const availability = projection<Availability>({
  name: 'availability',
  version: 1,
  indexes: [[{ store: 1, 'doc.agentId': 1, 'doc.from': -1, _id: -1 }]],
})(
  {
    AgentRegistered: (_, { at, agentId }, { metadata }) => ({
      agentId,
      from: at,
      until: null,
      active: false,
      reason: null,
      actor: metadata.actor,
    }),
    AgentActivated: switched(true),
    AgentDeactivated: switched(false),
  },
  (event, { metadata: { store } }) => {
    if (event.type === 'AgentRegistered') return spellKey(store, event.agentId, 0);
    return event.spell > 0
      ? [event.spell - 1, event.spell].map((spell) => spellKey(store, event.agentId, spell))
      : null;
  },
);
