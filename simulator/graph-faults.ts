import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { GraphError } from './graph-error.ts';
import type { Timers } from './timers.ts';

const calls = ['connect', 'pre_accept', 'accept', 'reject', 'terminate'] as const;
const actions = [...calls, 'messages', 'settings', 'call_permissions', 'message_templates', 'analytics'] as const;
type Action = (typeof actions)[number];

/** How many requests it befalls, and of which kind only. */
const some = { times: z.int().min(1).max(1_000_000).default(1), action: z.enum(actions).optional() };

/**
 * What goes wrong with what Meta is asked: `delay` answers late (on the simulated clock), `refuse` with an error, `hang`
 * never, having done it or not, and `lose` does it and breaks the connection instead of an answer. `olderAnalytics`
 * answers calls in the shape of 2025.
 */
export const GraphFaults = z.strictObject({
  delay: z.strictObject({ ms: z.int().min(1).max(86_400_000), ...some }).optional(),
  refuse: z.strictObject({ code: z.int().min(1), status: z.int().min(400).max(599).optional(), ...some }).optional(),
  hang: z.strictObject({ done: z.boolean().default(false), ...some }).optional(),
  lose: z.strictObject(some).optional(),
  olderAnalytics: z.boolean().optional(),
});
export type GraphFaults = z.infer<typeof GraphFaults>;
type Kind = 'delay' | 'refuse' | 'hang' | 'lose';

/** The faults in force, and the handler that lets them happen before a request is served. */
export function createGraphFaults(timers: Timers) {
  let faults: GraphFaults = {};

  /** The fault of that kind which befalls the action, if any; it has one time less from now on. */
  const take = <K extends Kind>(kind: K, action: Action | undefined): GraphFaults[K] => {
    const fault = faults[kind];
    if (!fault || fault.times === 0 || (fault.action ?? action) !== action) return undefined;
    fault.times -= 1;
    return fault;
  };

  const befall: RequestHandler = (req, res, next) => {
    const action = actionOf(req);
    res.locals.olderAnalytics = faults.olderAnalytics;
    const delay = take('delay', action);
    const answer = () => {
      const refuse = take('refuse', action);
      if (refuse) return next(new GraphError(refuse.code, 'The simulator was told to refuse this.', refuse.status));
      const hang = take('hang', action);
      if (hang && !hang.done) return;
      if (hang) silence(res);
      else if (take('lose', action)) silence(res, () => req.socket.destroy());
      next();
    };
    if (delay) timers.after(delay.ms, answer);
    else answer();
  };

  return {
    befall,
    setFaults: (next: GraphFaults = {}) => {
      faults = structuredClone(next);
    },
  };
}

/** What is asked for: the action on a call, else the last part of the path. */
function actionOf({ path, body }: Request): Action | undefined {
  const asked = path.split('/').at(-1) === 'calls' ? body?.action : path.split('/').slice(1).findLast(isName);
  return actions.find((action) => action === (asked ?? 'analytics'));
}

const isName = (part: string) => /^[a-z_]+$/.test(part);

/** Whatever would be answered is not; `instead` happens. */
function silence(res: Response, instead: () => void = () => {}) {
  res.json = () => {
    instead();
    return res;
  };
}
