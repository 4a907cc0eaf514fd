import { setImmediate as breathe } from 'node:timers/promises';
import { endOfScope, scoped } from './environment.ts';
import type { Store } from './store.ts';

const keysAtATime = 500;

/** Removes what dropped collections and indexes left behind, a little at a time. */
export const sweep = async (store: Store): Promise<void> => {
  const { catalogue, env } = store;
  for (const id of catalogue.garbage()) {
    for (const table of [env.documents, env.entries]) {
      const range = { start: scoped(id, Buffer.alloc(0)), end: endOfScope(id), limit: keysAtATime };
      for (let keys = [...table.getKeys(range)]; keys.length > 0; keys = [...table.getKeys(range)]) {
        await store.write(() => {
          for (const key of keys) table.removeSync(key);
        });
        await breathe();
      }
    }
    await store.write(() => catalogue.forgetGarbage(id));
  }
};
