import { type Request, Router } from 'express';
import { z } from 'zod';
import type { Customers, With } from './customers.ts';
import { Seconds } from './duration.ts';
import { ChannelId, read } from './problem.ts';
import { WaId } from './recipient.ts';

const Act = z.strictObject({ channelId: ChannelId });
const AnswerAct = Act.extend({ hangUpAfter: Seconds.optional() });
const CallAct = AnswerAct.extend({
  name: z.string().min(1).max(200).optional(),
  ctaPayload: z.string().max(512).optional(),
  deeplinkPayload: z.string().max(512).optional(),
});
const FailAct = Act.extend({ code: z.int().min(138_019).max(138_023).default(138_021) });
const MessageAct = Act.extend({ text: z.string().min(1).max(4_096) });
const PermissionAct = Act.extend({
  response: z.enum(['accept', 'reject']),
  permanent: z.boolean().optional(),
  source: z.enum(['request', 'profile', 'callback']),
  messageId: z.string().min(1).optional(),
});
const ReachableAct = Act.extend({ reachable: z.boolean() });
type ActShape = z.ZodObject & z.ZodType<{ channelId: string }>;

const Profile = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  username: z.string().min(1).max(30).optional(),
  parentUserId: z.string().min(1).max(128).optional(),
  hidesNumber: z.boolean().optional(),
  hasOldClient: z.boolean().optional(),
});

const Target = z.strictObject({ waId: WaId });

/** What customers do, each time with the `channelId` (phone number id) they deal with, and what they are like. */
export function customerRoutes(customers: Customers): Router {
  const router = Router({ mergeParams: true });
  const waIdOf = (req: Request<{ waId?: string }>) => read(Target, { waId: req.params.waId }).waId;

  const on = <S extends ActShape>(path: string, schema: S, act: (who: With, given: z.infer<S>) => unknown) =>
    router.post(path, (req: Request<{ waId?: string }>, res) => {
      const waId = waIdOf(req);
      const given = read(schema, req.body);
      const made = act({ waId, channelId: given.channelId }, given);
      res.status(made === undefined ? 200 : 201).json(made ?? {});
    });

  on('/call', CallAct, (who, { channelId: _, ...options }) => ({ metaCallId: customers.call(who, options) }));
  on('/answer', AnswerAct, customers.answer);
  on('/decline', Act, customers.decline);
  on('/hang-up', Act, customers.hangUp);
  on('/fail', FailAct, (who, { code }) => customers.fail(who, { code, message: 'The call failed' }));
  on('/message', MessageAct, (who, { text }) => ({ messageId: customers.write(who, text) }));
  on('/permission', PermissionAct, customers.permit);
  on('/reachable', ReachableAct, (who, { reachable }) => customers.setReachable(who, reachable));
  router.post('/profile', (req: Request<{ waId?: string }>, res) => {
    const waId = waIdOf(req);
    customers.present(waId, read(Profile, req.body));
    res.json({});
  });
  router.get('/', (req: Request<{ waId?: string }>, res) => {
    const waId = waIdOf(req);
    res.json(customers.describe({ waId, channelId: read(Act, req.query).channelId }));
  });
  return router;
}
