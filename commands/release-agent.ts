import type { z } from 'zod';
import { agent } from '../domain/agent.ts';
import type { ReleaseCause } from '../domain/agent-events.ts';
import { agentKey } from './belongings.ts';
import type { Because, WriteSide } from './write-side.ts';

type Release = { readonly callId: string; readonly agentId: string; readonly why: z.infer<typeof ReleaseCause> };

/** Sets an agent free of a call; nothing happens when they do not hold it. */
export const releaseAgent = (w: WriteSide, { callId, agentId, why }: Release, because: Because) => {
  const context = because(`release ${agentId} of ${callId}`);
  const release = { type: 'ReleaseAgent', at: w.now(), agentId, callId, because: why } as const;
  return w.transact(agent, agentKey(context.store, agentId), release, context);
};
