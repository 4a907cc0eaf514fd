import type { Caller } from '../http/caller.ts';
import { Problem } from '../http/problem.ts';

/** An agent acts for themselves only; team managers and admins for anybody. `agentId` is `null` for nobody in particular. */
export const onlyForOneself = ({ role, sub }: Caller, agentId: string | null): void => {
  if (role === 'agent' && agentId !== sub)
    throw new Problem(403, 'auth.role', 'With the role agent you do this for yourself only; ask a team manager.');
};
