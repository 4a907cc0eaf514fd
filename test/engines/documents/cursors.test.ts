import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Cursors, type Feed } from '../../../engines/documents/cursors.ts';

const feed: Feed = { isDone: false, next: async () => [] };

describe('a cursor that nobody uses', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => void vi.useRealTimers());

  test.each<[string | undefined, number]>([
    [undefined, 10],
    ['a session', 30],
  ])('within %s is forgotten after %i minutes', async (session, minutes) => {
    const cursors = new Cursors();
    const id = cursors.add(feed, 'test.c', session);
    const pass = (millis: number) => {
      vi.setSystemTime(Date.now() + millis);
      cursors.closeIdle();
    };
    pass(minutes * 60_000);
    await cursors.use(id, 'test.c', session, (used) => used.next(1, 0));
    pass(minutes * 60_000);
    expect(cursors.count).toBe(1);
    pass(1);
    expect(cursors.count).toBe(0);
    await expect(cursors.use(id, 'test.c', session, (used) => used.next(1, 0))).rejects.toMatchObject({ code: 43 });
  });
});
