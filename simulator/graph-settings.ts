import type { Channel } from './channel.ts';
import { GraphError } from './graph-error.ts';
import { checkRestriction, restrictionOn, restrictionsReport } from './restrictions.ts';
import { changeSettings, type SettingsChange } from './settings.ts';
import type { World } from './world.ts';

/** How many customers a day a number must be allowed to write to before it may call. */
const callingNeeds = 2_000;

/** Changes the settings as Meta would; throws Meta's error where it would refuse. */
export function postSettings(world: World, phoneNumberId: string, change: SettingsChange) {
  const channel = world.channel(phoneNumberId);
  checkRestriction(channel, 'settings', world.clock.now());
  if (change.calling.status === 'ENABLED') checkMayEnable(channel, change);
  changeSettings(world, phoneNumberId, change);
}

function checkMayEnable({ id, account, settings }: Channel, { calling }: SettingsChange) {
  if (account.messagingLimit < callingNeeds) {
    throw new GraphError(138015, `${id} may write to ${account.messagingLimit} customers a day: 2000 are needed.`);
  }
  const { status: sip } = calling.sip ?? settings.sip;
  if (!account.subscribedToCalls && sip === 'DISABLED') {
    throw new GraphError(138018, `Subscribe to the webhook field calls, or enable SIP for ${id}.`);
  }
}

/** The answer of `GET /{phoneNumberId}/settings`; whom customers may not call for now shows them no call button. */
export function settingsReport(world: World, phoneNumberId: string) {
  const channel = world.channel(phoneNumberId);
  const now = world.clock.now();
  const hidden = restrictionOn(channel, 'incoming', now) && { call_icon_visibility: 'DISABLE_ALL' };
  return { calling: { ...channel.settings, ...hidden, ...restrictionsReport(channel, now) } };
}
