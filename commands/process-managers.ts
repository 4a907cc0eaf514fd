import { pause } from '../store/back-off.ts';
import { callConsequences } from './reactions/call-consequences.ts';
import { callbackRequests } from './reactions/callback-requests.ts';
import { hangUp } from './reactions/hang-up.ts';
import { incomingCall } from './reactions/incoming-call.ts';
import { inviteUsed } from './reactions/invite-used.ts';
import { pushSettings } from './reactions/push-settings.ts';
import { type Progress, runReaction } from './reactions/reaction.ts';
import { workload } from './reactions/workload.ts';
import { alarm } from './timers/alarm.ts';
import { runTimers } from './timers/run-timers.ts';
import { storedTimers } from './timers/stored-timers.ts';
import type { WriteSide } from './write-side.ts';

/** How often to look again whether everything has settled. */
const lookAgain = 5;

/** How long a process waits for the timers of others, in ms: first until these know the time, then for what is due. */
const others = { hear: 300, lookAgain: 50, looks: 200 };

/** For a process without timers, after the clock was moved: resolves when those of others that were due have fired. */
export const settledElsewhere = async (w: Pick<WriteSide, 'db' | 'now'>): Promise<void> => {
  await pause(others.hear);
  const timers = storedTimers(w.db);
  for (let looks = 0; looks < others.looks && (await timers.isAnyDue(w.now())); looks++) await pause(others.lookAgain);
};

/** Everything that acts without being asked: the reactions to events, and the timers. */
export const startProcessManagers = (w: WriteSide) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const bell = alarm();
  const timers = storedTimers(w.db);
  const timerProgress: Progress = { position: 0n };
  const reactions = [
    incomingCall(w),
    callConsequences(w),
    callbackRequests(w),
    hangUp(w),
    inviteUsed(w),
    pushSettings(w),
    workload(w),
  ].map((reaction) => ({ reaction, progress: { position: 0n } }));
  const running = Promise.all([
    ...reactions.map(({ reaction, progress }) => runReaction(w, reaction, progress, signal)),
    runTimers(w, timerProgress, bell, signal),
  ]);

  const caughtUpWith = async (head: bigint) => {
    const all = [timerProgress, ...reactions.map(({ progress }) => progress)];
    while (!signal.aborted && all.some(({ position }) => position < head)) await pause(lookAgain, signal);
  };

  return {
    /** The clock was moved: timers may be due. */
    clockMoved: () => bell.ring(),
    /** Resolves when every event so far has been reacted to and no timer is due. */
    async settled() {
      while (!signal.aborted) {
        const head = await w.log.head();
        await caughtUpWith(head);
        const isAnyDue = await timers.isAnyDue(w.now());
        if (!isAnyDue && (await w.log.head()) === head) return;
        bell.ring();
        await pause(lookAgain, signal);
      }
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
};
