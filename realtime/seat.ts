import type { Known, Signal } from './signalling.ts';

/** A socket that asked to be its agent's call socket. */
export type Seat = {
  readonly store: string;
  readonly agentId: string;
  readonly sessionId: string;
  readonly tab: string;
  role: 'active' | 'standby';
  fence: number;
  /** Whether the agent's document has shown this session as the holder; before, an older one there means nothing. */
  isConfirmed: boolean;
  /** Position of the newest document of the agent that was looked at. */
  seenAt: bigint;
  /** While what rings is read: the calls that were told of meanwhile, of which that may be old news. */
  toldMeanwhile: Set<string> | null;
  /** What was told of each call. */
  readonly known: Map<string, Known>;
  /** Sends at once; a socket that cannot take it is closed, for an agent whom a ring does not reach must not be routable. */
  signal(frame: Signal | { readonly type: 'superseded'; readonly fence: number; readonly by: string }): void;
};

/** A seat before it is known what the agent's stream says of it. */
export const newSeat = (who: Pick<Seat, 'store' | 'agentId' | 'sessionId' | 'tab' | 'signal'>): Seat => ({
  ...who,
  role: 'standby',
  fence: 0,
  isConfirmed: false,
  seenAt: 0n,
  toldMeanwhile: null,
  known: new Map(),
});

/** The seats of this process, by agent. */
export const seating = () => {
  const seats = new Map<string, Set<Seat>>();
  const keyOf = (store: string, agentId: string) => `${store}.${agentId}`;

  return {
    of: (store: string, agentId: string): readonly Seat[] => [...(seats.get(keyOf(store, agentId)) ?? [])],
    /** The active ones, of one store or of all. */
    active: (store?: string): readonly Seat[] =>
      [...seats.values()]
        .flatMap((some) => [...some])
        .filter((seat) => seat.role === 'active' && (store === undefined || seat.store === store)),
    add(seat: Seat) {
      const key = keyOf(seat.store, seat.agentId);
      seats.set(key, (seats.get(key) ?? new Set()).add(seat));
    },
    remove(seat: Seat) {
      const key = keyOf(seat.store, seat.agentId);
      seats.get(key)?.delete(seat);
      if (seats.get(key)?.size === 0) seats.delete(key);
    },
  };
};
