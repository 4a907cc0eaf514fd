import type { Permission, PermissionEvent } from '../../domain/permission-state.ts';
import { type Instant, within } from '../../domain/time.ts';

/** An event with the state that it met. */
export type Step = { readonly before: Permission; readonly event: PermissionEvent };

const speaks = ({ event }: Step) =>
  event.type === 'OutgoingCallConnected' ||
  event.type === 'IncomingCallConnected' ||
  (event.type === 'OutgoingCallEnded' && event.result === 'connected');

/** Whatever was sent and has not failed, in stretches between two conversations. */
export const requestStretches = (steps: readonly Step[]): readonly (readonly Instant[])[] => {
  const failed = new Set(
    steps.flatMap(({ event }) =>
      event.type === 'PermissionRequestRefused' || event.type === 'PermissionRequestUndelivered'
        ? [event.requestId]
        : [],
    ),
  );
  const stretches: Instant[][] = [[]];
  for (const step of steps) {
    if (speaks(step)) stretches.push([]);
    else if (step.event.type === 'PermissionRequested' && !failed.has(step.event.requestId))
      stretches.at(-1)?.push(step.event.at);
  }
  return stretches;
};

/** When each outgoing call connected. */
export const connectedAt = (steps: readonly Step[]): readonly Instant[] => {
  const calls = new Map<string, Instant>();
  for (const { event } of steps)
    if (event.type === 'OutgoingCallConnected' && !calls.has(event.callId)) calls.set(event.callId, event.at);
  return [...calls.values()];
};

/** How many of these lie at most in one window of this length. */
export const mostWithin = (span: number, moments: readonly Instant[]): number =>
  Math.max(0, ...moments.map((end) => moments.filter((at) => at <= end && within(span, end)(at)).length));
