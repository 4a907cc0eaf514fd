import { type Request, Router } from 'express';
import { z } from 'zod';
import { Account } from './channel.ts';
import { ChannelId, read } from './problem.ts';
import { inForce, NewRestriction, NewViolation, restrict, warn } from './restrictions.ts';
import { changeSettings, SettingsChange } from './settings.ts';
import type { World } from './world.ts';

/** As Meta takes it, but a name it does not know is told instead of passed over. */
const SettingsByOthers = z.strictObject(SettingsChange.shape);

const Target = z.strictObject({ channelId: ChannelId });

/** What happens to a business number at Meta: restrictions, warnings, settings changed by others, its account. */
export function channelRoutes(world: World): Router {
  const router = Router({ mergeParams: true });
  type OfChannel = Request<{ channelId?: string }>;
  const channelOf = (req: OfChannel) => read(Target, { channelId: req.params.channelId }).channelId;

  const on = <S extends z.ZodObject>(path: string, schema: S, act: (id: string, given: z.infer<S>) => void) =>
    router.post(path, (req: OfChannel, res) => {
      const id = channelOf(req);
      act(id, read(schema, req.body));
      res.json(report(world, id));
    });

  on('/restrict', NewRestriction, (id, given) => restrict(world, id, given));
  on('/violate', NewViolation, (id, given) => warn(world, id, given));
  on('/settings', SettingsByOthers, (id, given) => changeSettings(world, id, given));
  on('/account', Account, (id, account) => {
    world.channel(id).account = account;
  });
  router.get('/', (req: OfChannel, res) => void res.json(report(world, channelOf(req))));
  return router;
}

/** What Meta knows of a number. */
function report(world: World, id: string) {
  const channel = world.channel(id);
  return {
    channelId: id,
    settings: channel.settings,
    account: channel.account,
    restrictions: inForce(channel, world.clock.now()).map(({ type, until }) => ({
      type,
      until: until === undefined ? null : new Date(until).toISOString(),
    })),
    limits: world.limits(id),
    liveCalls: world.liveCalls(id).length,
  };
}
