import { type Channel, channel } from '../domain/channel.ts';
import { stateProjection } from './state-projection.ts';

const view = ({ details, calling, restrictions }: Channel, channelId: string) => ({
  channelId,
  ...details,
  calling: {
    enabled: calling.enabled,
    userInitiated: {
      enabled: calling.userInitiatedEnabled,
      workingHours: calling.workingHours,
      holidays: calling.holidays,
    },
    callbackRequests: { enabled: calling.callbackRequestsEnabled },
  },
  restrictions,
});

/** The WhatsApp numbers: what they are, which calls they allow and when, what Meta has stopped. Keys are channel ids. */
export const channels = stateProjection({
  of: channel,
  name: 'channels',
  version: 1,
  indexes: [[{ store: 1, 'doc.name': 1 }]],
  view: (state, { event }) => view(state, event.channelId),
});
