import type { Ticket } from '../ticket.ts';

/** A ticket without the calls that are over: they decide nothing any more, and one ticket may have thousands. */
export const withLiveCalls = (s: Ticket): Ticket => {
  const live = [...s.calls].filter(([, { status }]) => status === 'ongoing');
  return live.length === s.calls.size ? s : { ...s, calls: new Map(live) };
};
