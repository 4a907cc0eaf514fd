import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agent } from '../../domain/agent.ts';
import type { DomainEvent } from '../../domain/index.ts';
import { type Availability, availability } from '../../projections/availability.ts';
import { history } from '../support/scenario.ts';
import { at, storedAfter } from './events.ts';

const profile = { name: 'Asha', email: 'a@example.com', role: 'agent', teams: [], capacity: null } as const;
const asha = { agentId: 'asha' };
const registered: DomainEvent = { type: 'AgentRegistered', at: at(0), ...asha, ...profile, teams: [] };
const activated: DomainEvent = { type: 'AgentActivated', at: at(1), ...asha, reason: null, spell: 1 };
const wentToLunch: DomainEvent = { type: 'AgentDeactivated', at: at(5), ...asha, reason: 'Lunch', spell: 2 };

/** The spells after these events, in the order of their keys. */
const spellsAfter = (...events: readonly DomainEvent[]): readonly Availability[] =>
  [...storedAfter(availability, events)].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, { doc }]) => doc ?? []);

describe('the availability of an agent', () => {
  test('is one spell after another, each with its reason and who said so', () => {
    const by = { ...asha, actor: { type: 'agent', id: 'asha' } };
    expect(spellsAfter(registered, activated, wentToLunch)).toEqual([
      { ...by, from: at(0), until: at(1), active: false, reason: null },
      { ...by, from: at(1), until: at(5), active: true, reason: null },
      { ...by, from: at(5), until: null, active: false, reason: 'Lunch' },
    ]);
  });

  test('stays as it is when their profile changes', () => {
    const renamed: DomainEvent = { ...registered, type: 'AgentProfileChanged', at: at(2), name: 'Asha K' };
    expect(spellsAfter(registered, activated, renamed)).toEqual(spellsAfter(registered, activated));
  });

  test('is not told of a time when spells were not counted', () => {
    expect(spellsAfter({ ...activated, spell: 0 })).toEqual([]);
  });

  test('has neither gap nor overlap, and one spell that lasts', () => {
    const reason = fc.constantFrom(null, 'Lunch', 'Training');
    const switches = fc.array(fc.tuple(fc.nat(60), fc.boolean(), reason), { maxLength: 30 });
    const law = (said: readonly (readonly [number, boolean, string | null])[]) => {
      const { events, state } = history(agent, [
        { type: 'RegisterAgent', at: at(0), ...asha, ...profile, teams: [] },
        ...said
          .toSorted(([a], [b]) => a - b)
          .map(([minute, active, why]) => ({
            type: 'SetAvailability' as const,
            at: at(minute),
            ...asha,
            active,
            reason: why,
          })),
      ]);
      const spells = spellsAfter(...events);
      expect(spells.map(({ from }) => from).slice(1)).toEqual(spells.map(({ until }) => until).slice(0, -1));
      expect(spells.at(-1)).toMatchObject({ until: null, active: state.active, reason: state.reason });
    };
    fc.assert(fc.property(switches, law), { seed: 29, numRuns: 200 });
  });
});
