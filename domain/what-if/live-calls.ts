import type { Ticket } from '../ticket.ts';

/** A ticket without the calls that are over: for who gets a call they matter no more, and one ticket may have thousands. */
export const withLiveCalls = (s: Ticket): Ticket => {
  const live = [...s.calls].filter(([, { status }]) => status === 'ongoing');
  return live.length === s.calls.size ? s : { ...s, calls: new Map(live) };
};
