import { setTimeout } from 'node:timers/promises';
import type { Named } from '../../domain/index.ts';
import type { Context, EventLog } from '../../store/event-log.ts';

/** The context of a command of the store `demo`. */
export const contextOf = (commandId: string): Context => ({
  store: 'demo',
  actor: { type: 'agent', id: 'asha' },
  $correlationId: commandId,
  $causationId: commandId,
  commandId,
});

/** A note on ticket `t1`; its text is personal to `cus_1`. */
export const note = (text: string): Named<'NoteAdded'> => ({
  type: 'NoteAdded',
  at: 1_000,
  ticketId: 't1',
  channelId: 'ch1',
  customerId: 'cus_1',
  agentId: 'asha',
  text,
});

/** An agent became active, for a reason that tells the events apart. */
export const activated = (reason: string): Named<'AgentActivated'> => ({
  type: 'AgentActivated',
  at: 1_000,
  agentId: 'asha',
  reason,
  spell: 1,
});

/** Adds notes, one append each, and answers the position of the last. */
export const addNotes = async (log: EventLog, stream: string, texts: readonly string[]): Promise<bigint> => {
  let position = 0n;
  for (const text of texts)
    ({ position } = await log.append(stream, [note(text)], 'any', contextOf(`${stream} ${text}`)));
  return position;
};

/** All that an iteration yields. */
export const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
};

/** Looks at a value every 100 ms until it is as it should be; `before` is what it was the last time. */
export const until = async <T>(look: () => T, isRight: (value: T, before: T | null) => boolean): Promise<void> => {
  for (let before: T | null = null, value = look(); !isRight(value, before); value = look()) {
    before = value;
    await setTimeout(100);
  }
};
