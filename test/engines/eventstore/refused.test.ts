import {
  EventStoreDBClient,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawCall } from './raw.ts';
import { all, clientOf, failureOf, runEventStore } from './running.ts';

const running = runEventStore();
const toStream = persistentSubscriptionToStreamSettingsFromDefaults();
const toAll = persistentSubscriptionToAllSettingsFromDefaults();
const emitting = { emitEnabled: true, trackEmittedStreams: true };

/** Every method of the official client that needs more than this server. */
const methods: [string, (client: EventStoreDBClient) => Promise<unknown>][] = [
  ['createPersistentSubscriptionToStream', (to) => to.createPersistentSubscriptionToStream('s', 'g', toStream)],
  ['createPersistentSubscriptionToAll', (to) => to.createPersistentSubscriptionToAll('g', toAll)],
  ['updatePersistentSubscriptionToStream', (to) => to.updatePersistentSubscriptionToStream('s', 'g', toStream)],
  ['updatePersistentSubscriptionToAll', (to) => to.updatePersistentSubscriptionToAll('g', toAll)],
  ['deletePersistentSubscriptionToStream', (to) => to.deletePersistentSubscriptionToStream('s', 'g')],
  ['deletePersistentSubscriptionToAll', (to) => to.deletePersistentSubscriptionToAll('g')],
  ['subscribeToPersistentSubscriptionToStream', (to) => all(to.subscribeToPersistentSubscriptionToStream('s', 'g'))],
  ['subscribeToPersistentSubscriptionToAll', (to) => all(to.subscribeToPersistentSubscriptionToAll('g'))],
  ['getPersistentSubscriptionToStreamInfo', (to) => to.getPersistentSubscriptionToStreamInfo('s', 'g')],
  ['getPersistentSubscriptionToAllInfo', (to) => to.getPersistentSubscriptionToAllInfo('g')],
  ['listAllPersistentSubscriptions', (to) => to.listAllPersistentSubscriptions()],
  ['listPersistentSubscriptionsToStream', (to) => to.listPersistentSubscriptionsToStream('s')],
  ['listPersistentSubscriptionsToAll', (to) => to.listPersistentSubscriptionsToAll()],
  ['replayParkedMessagesToStream', (to) => to.replayParkedMessagesToStream('s', 'g')],
  ['replayParkedMessagesToAll', (to) => to.replayParkedMessagesToAll('g')],
  ['restartPersistentSubscriptionSubsystem', (to) => to.restartPersistentSubscriptionSubsystem()],
  ['createProjection', (to) => to.createProjection('p', 'fromAll()')],
  ['createProjection that tracks streams', (to) => to.createProjection('p', 'fromAll()', emitting)],
  ['updateProjection', (to) => to.updateProjection('p', 'fromAll()')],
  ['deleteProjection', (to) => to.deleteProjection('p')],
  ['enableProjection', (to) => to.enableProjection('p')],
  ['disableProjection', (to) => to.disableProjection('p')],
  ['abortProjection', (to) => to.abortProjection('p')],
  ['resetProjection', (to) => to.resetProjection('p')],
  ['getProjectionState', (to) => to.getProjectionState('p')],
  ['getProjectionResult', (to) => to.getProjectionResult('p')],
  ['getProjectionStatus', (to) => to.getProjectionStatus('p')],
  ['listProjections', (to) => to.listProjections()],
  ['restartSubsystem', (to) => to.restartSubsystem()],
];

describe.each([
  ['its socket', () => clientOf(running.server.urls[0]!)],
  ['its port', () => EventStoreDBClient.connectionString(running.server.urls[1]!)],
])('over %s', (_title, connect) => {
  let client: EventStoreDBClient;
  beforeAll(() => {
    client = connect();
  });
  afterAll(() => client.dispose());

  test.each(methods)('%s is refused with the name of a server that has it', async (_name, call) => {
    expect(await failureOf(call(client))).toMatchObject({
      type: 'unknown',
      code: 12,
      message: expect.stringContaining('run EventStoreDB or KurrentDB for it'),
    });
  });
});

test.each([
  'users.Users/Create',
  'users.Users/Details',
  'operations.Operations/StartScavenge',
  'operations.Operations/Shutdown',
  'monitoring.Monitoring/Stats',
  'streams.Streams/Nothing',
  'nobody.Nobody/Knows',
])('%s is refused with the name of a server that has it', async (method) => {
  expect(await rawCall(running.server.urls[1]!, method).outcome()).toMatchObject({
    'grpc-status': '12',
    'grpc-message': expect.stringContaining('KurrentDB'),
  });
});
