import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setAsideDeliveries } from '../../commands/collections.ts';
import { startProcessManagers } from '../../commands/process-managers.ts';
import { metaError } from './meta.ts';
import { began, delivery, incoming, settings } from './whatsapp/samples.ts';
import { calling, fresh, openStore, startWorld, type World } from './world.ts';

let world: World;
let managers: ReturnType<typeof startProcessManagers>;
beforeAll(async () => {
  world = await startWorld();
  managers = startProcessManagers(world.w);
});
afterAll(async () => {
  await managers.stop();
  await world.stop();
});

const withCallbacks = { ...calling, callbackRequests: { enabled: true } };

/** A channel whose first settings Meta has accepted. */
const someChannel = async () => {
  const store = await openStore(world, []);
  await managers.settled();
  const { channelId, owner } = store;
  return {
    ...store,
    put: (body: object = withCallbacks) => world.ask(owner, `PUT /v1/channels/${channelId}/calling`, body),
    /** What happened since the first settings were accepted. */
    events: async () => (await world.eventsOf(`channel-${channelId}`)).slice(3),
    told: () => world.meta.asked.filter(({ path }) => path.endsWith(`/${channelId}/settings`)).map(({ body }) => body),
    hears: (held: Record<string, unknown> | null, at: number) => world.deliver(delivery(settings(channelId, held, at))),
  };
};

const later = async (ms: number) => {
  world.clock.now += ms;
  managers.clockMoved();
  await managers.settled();
};
const secondsNow = () => Math.floor(world.clock.now / 1_000);

describe('settings are told to Meta', () => {
  test('once, whole, and its consent is recorded', async () => {
    const { put, told, events, channelId } = await someChannel();
    await put();
    await put();
    await managers.settled();
    expect(told()).toMatchObject([
      { calling: { callback_permission_status: 'DISABLED' } },
      { calling: { status: 'ENABLED', call_icon_visibility: 'DEFAULT', callback_permission_status: 'ENABLED' } },
    ]);
    expect(await world.typesIn(`channel-${channelId}`)).toEqual([
      'ChannelConnected',
      'CallingConfigured',
      'CallingSettingsAccepted',
      'CallingConfigured',
      'CallingSettingsAccepted',
    ]);
    expect((await events())[1]).toMatchObject({ configuration: 2 });
  });

  test('a refusal is recorded with Meta’s code, and the same settings may be tried again', async () => {
    const { put, told, events } = await someChannel();
    world.meta.answerNext(metaError(400, 138_015));
    await put();
    await managers.settled();
    expect((await events()).slice(1)).toMatchObject([
      { type: 'CallingSettingsRefused', metaErrorCode: 138_015, retryAt: null },
    ]);
    await later(86_400_000);
    expect(told()).toHaveLength(2);
    await put();
    await managers.settled();
    expect((await events()).map(({ type }) => type).slice(2)).toEqual(['CallingConfigured', 'CallingSettingsAccepted']);
  });

  test('what Meta is too busy for is told again later, and then no more', async () => {
    const { put, told, events } = await someChannel();
    world.meta.answerNext(metaError(400, 80_007), metaError(400, 80_007));
    await put();
    await managers.settled();
    await later(9_999);
    expect(told()).toHaveLength(2);
    await later(1);
    expect(told()).toHaveLength(3);
    await later(60_000);
    expect((await events()).map(({ type }) => type)).toEqual([
      'CallingConfigured',
      'CallingSettingsRefused',
      'CallingSettingsRetried',
      'CallingSettingsRefused',
      'CallingSettingsRetried',
      'CallingSettingsAccepted',
    ]);
    await later(86_400_000);
    expect(told()).toHaveLength(4);
  });

  test('of settings made meanwhile only the newest follow', async () => {
    const { put, told, events } = await someChannel();
    let answer = () => {};
    const after = new Promise<void>((resolve) => {
      answer = resolve;
    });
    world.meta.answerNext({ status: 200, body: { success: true }, after });
    await put();
    await expect.poll(() => told().length).toBe(2);
    await put({ ...withCallbacks, enabled: false });
    await put({ ...withCallbacks, userInitiated: { ...calling.userInitiated, enabled: false } });
    answer();
    await managers.settled();
    expect(told()).toHaveLength(3);
    expect(told().at(-1)).toMatchObject({ calling: { status: 'ENABLED', call_icon_visibility: 'DISABLE_ALL' } });
    expect((await events()).filter(({ type }) => type === 'CallingSettingsAccepted')).toMatchObject([
      { configuration: 4 },
    ]);
  });

  test('reading the log once more tells nothing again', async () => {
    const { put, told } = await someChannel();
    await put();
    await managers.settled();
    await managers.stop();
    await world.db.collection<{ _id: string }>('checkpoints').deleteOne({ _id: 'reaction:push-settings' });
    managers = startProcessManagers(world.w);
    await managers.settled();
    expect(told()).toHaveLength(2);
  });
});

describe('what Meta holds', () => {
  const held = { status: 'ENABLED', call_icon_visibility: 'DEFAULT', callback_permission_status: 'DISABLED' };

  test('is compared with ours: another’s change is recorded once, and its end', async () => {
    const { hears, events } = await someChannel();
    const now = secondsNow();
    await hears(held, now + 1);
    await hears({ ...held, callback_permission_status: 'enabled' }, now + 2);
    await hears({ ...held, callback_permission_status: 'enabled' }, now + 2);
    await hears({ ...held, callback_permission_status: 'ENABLED' }, now + 3);
    await hears(held, now + 4);
    expect(await events()).toMatchObject([
      { type: 'CallingSettingsDiverged', differs: ['callbackRequests'], at: (now + 2) * 1_000 },
      { type: 'CallingSettingsAccepted', at: (now + 4) * 1_000 },
    ]);
  });

  test('before its answer to us is no news', async () => {
    const { hears, events } = await someChannel();
    await hears({ ...held, status: 'DISABLED' }, secondsNow());
    expect(await events()).toEqual([]);
  });

  test('of other settings than calling, or of a stranger’s number', async () => {
    const { hears, events } = await someChannel();
    const count = () => setAsideDeliveries(world.db).countDocuments();
    const before = await count();
    await hears(null, secondsNow() + 1);
    expect([await events(), await count()]).toEqual([[], before]);
    await world.deliver(delivery(settings(fresh.channelId(), held)));
    expect(await setAsideDeliveries(world.db).find().sort({ receivedAt: -1 }).toArray()).toContainEqual(
      expect.objectContaining({ reason: 'unknown_channel' }),
    );
  });
});

describe('an incoming call', () => {
  const callOf = async (channelId: string, store: string) => {
    const call = { channelId, waId: fresh.number(), metaCallId: fresh.metaCallId() };
    world.clock.now = Math.max(world.clock.now, began * 1_000);
    const at = secondsNow();
    await world.deliver(delivery(incoming.connect({ ...call, at })));
    await world.deliver(delivery(incoming.missed({ ...call, at })));
    await managers.settled();
    const customer = await world.w.directory.find(store, call.waId);
    return world.typesIn(`permission-${channelId}.${customer?.customerId}`);
  };

  test('grants a permission where Meta took the settings', async () => {
    const { put, channelId, store } = await someChannel();
    await put();
    await managers.settled();
    expect(await callOf(channelId, store)).toContain('PermissionGranted');
  });

  test('grants none where Meta refused them', async () => {
    const { put, channelId, store } = await someChannel();
    world.meta.answerNext(metaError(400, 138_015));
    await put();
    await managers.settled();
    const types = await callOf(channelId, store);
    expect(types).toContain('IncomingCallEnded');
    expect(types).not.toContain('PermissionGranted');
  });
});
