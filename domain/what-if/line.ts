import type { Call } from '../call-state.ts';
import type { Stage } from './stage.ts';

const isBefore = (a: Call | undefined, b: Call) =>
  a !== undefined && (a.startedAt - b.startedAt || a.receivedAt - b.receivedAt) <= 0;

/** Puts a call into the line, which is served soon. */
export const enter = (stage: Stage, callId: string) => {
  stage.mayBeFree = true;
  const { line, calls } = stage;
  const call = calls.get(callId);
  if (!call || line.includes(callId)) return;
  line.splice(line.findLastIndex((id) => isBefore(calls.get(id), call)) + 1, 0, callId);
};

/** The call does not wait any more. */
export const leave = ({ line }: Stage, callId: string) => {
  const place = line.indexOf(callId);
  if (place >= 0) line.splice(place, 1);
};
