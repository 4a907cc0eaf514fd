import { once } from 'node:events';
import { binaryEvent, END } from '@eventstore/db-client';
import { expect, test } from 'vitest';
import { all, counted, freshName, runEventStore, until } from './running.ts';

const running = runEventStore();

/** Appends a link event, whose data is text. */
async function link(to: string, target: string): Promise<void> {
  await running.client.appendToStream(to, binaryEvent({ type: '$>', data: Buffer.from(target) }));
}

async function shown(links: string, resolveLinkTos: boolean) {
  const events = await all(running.client.readStream(links, { resolveLinkTos }));
  return events.map(({ event, link: own, commitPosition }) => ({
    event: event === undefined ? undefined : `${event.revision}@${event.streamId}`,
    link: own === undefined ? undefined : `${own.revision}@${own.streamId}`,
    isAtLink: commitPosition === (own ?? event)?.position?.commit,
  }));
}

test('links are followed where asked, and are events of their own otherwise', async () => {
  const [target, links] = [freshName('target'), freshName('links')];
  await running.client.appendToStream(target, counted(1, 2));
  await link(links, `1@${target}`);
  await running.client.appendToStream(links, counted(7));
  expect(await shown(links, true)).toEqual([
    { event: `1@${target}`, link: `0@${links}`, isAtLink: true },
    { event: `1@${links}`, link: undefined, isAtLink: true },
  ]);
  expect((await shown(links, false)).map(({ event }) => event)).toEqual([`0@${links}`, `1@${links}`]);
});

test.each([
  ['an event that was never', '5@target-x'],
  ['a stream that was never', '0@nobody'],
  ['nothing', 'gibberish'],
])('a link to %s shows itself only', async (_title, target) => {
  const links = freshName('links');
  await link(links, target);
  expect(await shown(links, true)).toEqual([{ event: undefined, link: `0@${links}`, isAtLink: true }]);
});

test.each([
  ['truncated', (stream: string) => running.client.setStreamMetadata(stream, { truncateBefore: 1 })],
  ['deleted', (stream: string) => running.client.deleteStream(stream)],
  ['ended for good', (stream: string) => running.client.tombstoneStream(stream)],
])('a link to an event that was %s shows itself only', async (_title, remove) => {
  const [target, links] = [freshName('target'), freshName('links')];
  await running.client.appendToStream(target, counted(1));
  await link(links, `0@${target}`);
  await remove(target);
  expect(await shown(links, true)).toEqual([{ event: undefined, link: `0@${links}`, isAtLink: true }]);
});

test('a subscription follows links, to a stream and to everything', async () => {
  const [target, links] = [freshName('target'), freshName('links')];
  await running.client.appendToStream(target, counted(1));
  const subscriptions = [
    running.client.subscribeToStream(links, { resolveLinkTos: true }),
    running.client.subscribeToAll({ fromPosition: END, resolveLinkTos: true }),
  ];
  const seen: string[] = [];
  for (const subscription of subscriptions) {
    subscription.on('data', ({ event, link: own }) => seen.push(`${event?.streamId} by ${own?.streamId}`));
  }
  await Promise.all(subscriptions.map((subscription) => once(subscription, 'caughtUp')));
  await link(links, `0@${target}`);
  await until(() => seen.length === 2);
  expect(seen).toEqual(Array(2).fill(`${target} by ${links}`));
  await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
});
