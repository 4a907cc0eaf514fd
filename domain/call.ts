import { endingCommands } from './call-ending.ts';
import { callEvents } from './call-events.ts';
import { incomingCommands } from './call-incoming.ts';
import { outgoingCommands } from './call-outgoing.ts';
import { evolveCall, initialCall } from './call-state.ts';
import { decider } from './decider.ts';

export type { Termination } from './call-ending.ts';
export { type IncomingCall, mayRing } from './call-incoming.ts';

/** One call, incoming or outgoing, from its first sign to how it counts. Stream `call-<callId>`. */
export const call = decider({ category: 'call', events: callEvents, initial: initialCall })
  .decide({ ...incomingCommands, ...outgoingCommands, ...endingCommands })
  .evolve(evolveCall);
