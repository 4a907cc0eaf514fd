import { type Channel, channel } from '../domain/channel.ts';
import { stateProjection } from './state-projection.ts';

const view = ({ details, calling, atMeta, restrictions, violations }: Channel, channelId: string) => ({
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
  /** Whether Meta holds these settings: `in_sync`, `pending`, `refused` or `differ`, and why; `null` before they are set. */
  metaSettings: atMeta && {
    state: atMeta.state,
    at: atMeta.at,
    metaErrorCode: atMeta.metaErrorCode,
    retryAt: atMeta.retryAt,
    differs: atMeta.differs,
  },
  /** What Meta has stopped, since when and until when (`null`: nobody says), and what it warns of. */
  restrictions,
  violations,
});

/** The WhatsApp numbers: what they are, which calls they allow and when, what Meta has stopped. Keys are channel ids. */
export const channels = stateProjection({
  of: channel,
  name: 'channels',
  version: 4,
  indexes: [[{ store: 1, 'doc.name': 1 }]],
  view: (state, { event }) => view(state, event.channelId),
});
