import type { Decider } from '../domain/decider.ts';
import type { DomainEvent } from '../domain/index.ts';
import type { Recorded } from '../store/event-log.ts';
import type { Projection } from './projection.ts';

type Detailed<V, S> = V & { readonly detail: S };

/** What follows the first `-` of a stream's name: the id of its aggregate. */
export const streamId = ({ stream }: Recorded) => stream.slice(stream.indexOf('-') + 1);

/**
 * A read model of one aggregate's state, one document per stream: `detail` keeps the domain's own state, by which its
 * rules can answer, and `view` says what people see of it. `null`: nothing yet.
 */
export const stateProjection = <C, E extends DomainEvent, S, V extends object>(p: {
  of: Decider<C, E, S>;
  version: number;
  name: string;
  indexes: Projection['indexes'];
  view(state: S, recorded: Recorded<E>, before: Detailed<V, S> | null): V | null;
}): Projection<Detailed<V, S>> => ({
  name: p.name,
  version: p.version,
  indexes: p.indexes,
  listensTo: new Set(Object.keys(p.of.events)),
  keyOf: streamId,
  evolve: (doc, recorded) => {
    const ours = recorded as Recorded<E>;
    const detail = p.of.evolve(doc?.detail ?? p.of.initial, ours.event);
    const view = p.view(detail, ours, doc);
    return view && { ...view, detail };
  },
});
