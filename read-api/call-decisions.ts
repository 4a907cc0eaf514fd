import { call } from '../domain/call.ts';
import type { Named } from '../domain/index.ts';
import type { Step } from '../projections/call-detail.ts';
import type { EventLog } from '../store/event-log.ts';

type Decision = Omit<Named<'CallRouted'>, 'type' | 'callId'>;

/**
 * Each decision of the router about a call: the mode and the rules it followed, everybody who could have had the call
 * and why they were passed over. As many agents as a store has: from the log, so that no row carries them.
 */
export const decisionsOf = async (
  log: Pick<EventLog, 'read'>,
  callId: string,
  timeline: readonly Step[],
): Promise<readonly Decision[]> => {
  const shown = new Set(timeline.flatMap(({ type, eventId }) => (type === 'CallRouted' ? [eventId] : [])));
  const decisions: Decision[] = [];
  if (shown.size === 0) return decisions;
  for await (const { event, id } of log.read(`${call.category}-${callId}`)) {
    if (event.type !== 'CallRouted' || !shown.has(id)) continue;
    const { type: _, callId: __, ...decision } = event;
    decisions.push(decision);
  }
  return decisions;
};
