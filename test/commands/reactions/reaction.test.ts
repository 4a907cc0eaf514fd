import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Progress, type Reaction, runReaction } from '../../../commands/reactions/reaction.ts';
import { contextOf } from '../../../commands/write-side.ts';
import type { DomainEvent } from '../../../domain/index.ts';
import { startWorld, type World } from '../world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const wentOnDuty = (agentId: string): DomainEvent => ({
  type: 'AgentActivated',
  at: 1,
  agentId,
  reason: null,
  spell: 1,
});

const happens = (stream: string, event: DomainEvent) =>
  world.w.log.append(`agent-${stream}`, [event], 'any', {
    ...contextOf({
      store: 's',
      actor: { type: 'system', id: 't' },
      commandId: `${stream} ${Math.random()}`,
      correlationId: 'c',
    }),
  });

/** Runs a reaction until it has come to the end of the log. */
const runToTheEnd = async (reaction: Reaction) => {
  const stopping = new AbortController();
  const progress: Progress = { position: 0n };
  const running = runReaction(world.w, reaction, progress, stopping.signal);
  const head = await world.w.log.head();
  await expect.poll(() => progress.position >= head, { timeout: 20_000, interval: 5 }).toBe(true);
  stopping.abort();
  await running;
};

describe('a reaction', () => {
  test('goes on from its own checkpoint and never acts twice', async () => {
    const seen: string[] = [];
    const reaction: Reaction = {
      name: 'resumes',
      handlers: { AgentActivated: async ({ agentId }) => seen.push(agentId) },
    };
    await happens('s.one', wentOnDuty('one'));
    await runToTheEnd(reaction);
    await happens('s.two', wentOnDuty('two'));
    await runToTheEnd(reaction);
    expect(seen).toEqual(['one', 'two']);
  });

  test('takes the events of one line in order, of whichever streams they are', async () => {
    const seen: string[] = [];
    for (let n = 0; n < 12; n++) await happens(`s.line${n}`, wentOnDuty(`${n}`));
    await runToTheEnd({
      name: 'in line',
      lineOf: ({ stream }) => stream.slice(0, 'agent-s.line'.length),
      handlers: {
        AgentActivated: async ({ agentId }, { stream }) => {
          if (agentId === '0') await new Promise((resolve) => setImmediate(resolve));
          if (stream.startsWith('agent-s.line')) seen.push(agentId);
        },
      },
    });
    expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => `${n}`));
  });

  test('takes the events of one stream in order', async () => {
    const seen: string[] = [];
    for (let n = 0; n < 12; n++) await happens(`s.order${n % 2}`, wentOnDuty(`${n}`));
    await runToTheEnd({
      name: 'ordered',
      handlers: {
        AgentActivated: async ({ agentId }, { stream }) => {
          if (agentId === '0') await new Promise((resolve) => setImmediate(resolve));
          if (stream.startsWith('agent-s.order')) seen.push(agentId);
        },
      },
    });
    const even = seen.filter((n) => Number(n) % 2 === 0);
    expect(even).toEqual(['0', '2', '4', '6', '8', '10']);
    expect(seen).toHaveLength(12);
  });

  test('sets an event aside that fails again and again, and goes on with the others', async () => {
    const seen: string[] = [];
    await happens('s.poison', wentOnDuty('poison'));
    await happens('s.fine', wentOnDuty('fine'));
    let tries = 0;
    await runToTheEnd({
      name: 'poisoned',
      handlers: {
        AgentActivated: async ({ agentId }) => {
          if (agentId !== 'poison') return void seen.push(agentId);
          tries += 1;
          throw new Error('cannot be done');
        },
      },
    });
    expect(seen).toContain('fine');
    expect(tries).toBe(5);
    const aside = await world.w.db.collection('set_aside_work').findOne({ worker: 'poisoned' });
    expect(aside).toMatchObject({ type: 'AgentActivated', subject: 'agent-s.poison', reason: 'Error: cannot be done' });
  });

  test('does again what was under way when the process died', async () => {
    const stopping = new AbortController();
    const started: string[] = [];
    await happens('s.dies', wentOnDuty('dies'));
    const dying = runReaction(
      world.w,
      {
        name: 'dies',
        handlers: {
          AgentActivated: async ({ agentId }) => {
            if (agentId !== 'dies') return;
            started.push('first');
            stopping.abort();
            throw new Error('died in the middle');
          },
        },
      },
      { position: 0n },
      stopping.signal,
    );
    await dying;
    await runToTheEnd({
      name: 'dies',
      handlers: { AgentActivated: async ({ agentId }) => void (agentId === 'dies' && started.push('again')) },
    });
    expect(started).toEqual(['first', 'again']);
  });
});
