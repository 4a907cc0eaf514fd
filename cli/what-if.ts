import { movableClock, realClock } from '../clock.ts';
import { type Config, readConfig } from '../config.ts';
import { type History, historian, historyTypes } from '../domain/what-if/history.ts';
import type { Span } from '../domain/what-if/shift.ts';
import { type Asked, type WhatIf, whatIf } from '../domain/what-if/what-if.ts';
import type { EventLog } from '../store/event-log.ts';
import { withStores } from './embedded-stores.ts';
import { byteProgress, progress } from './progress.ts';
import { askedOf, type Options, spanOf, told } from './what-if-options.ts';
import { assumptionsOf, linesOf } from './what-if-report.ts';

/** All that is answered, as `--json` prints it. */
export type Report = {
  readonly store: string;
  readonly from: string;
  readonly to: string;
  readonly asked: Asked;
  readonly assumptions: readonly string[];
} & WhatIf;

/** Replays the calls of a while under other rules, and prints what would have been different. */
export const printWhatIf = async (options: Options) => {
  const asked = askedOf(options);
  const config = readConfig(process.env);
  const { store, json } = options;
  const { span, history } = await read(config, options);
  const result = replayed(history, asked);
  const [from, to] = [told(span.from), told(span.to)];
  const report: Report = { store, from, to, asked, ...result, assumptions: assumptionsOf(result) };
  console.log(json ? JSON.stringify(report) : linesOf(report).join('\n'));
};

const read = (config: Config, options: Options) =>
  withStores(config, async ({ db, log }) => {
    const clock = config.simulated ? await movableClock(db, () => {}) : realClock;
    const span = spanOf(options, clock.now());
    return { span, history: await historyIn(log, options.store, span) };
  });

/** Reads a store's history from the whole log: who is on duty or holds what at the beginning of a span came long before. */
const historyIn = async (log: EventLog, store: string, span: Span): Promise<History> => {
  const { see, history } = historian(span);
  const head = await log.head();
  const bar = byteProgress('reading', Number(head));
  const reading = new AbortController();
  let isKnown = false;
  for await (const batch of log.batches({ from: null, types: historyTypes, maxBatch: 1_000, signal: reading.signal })) {
    for (const { event, metadata } of batch.events) {
      if (metadata.store !== store) continue;
      isKnown = true;
      see(event);
    }
    bar.at(Number(batch.upTo));
    if (batch.live || batch.upTo >= head) reading.abort();
  }
  bar.end();
  if (!isKnown) throw new Error(`there is nothing of a store "${store}": name another with --store`);
  const found = history();
  if (found.happened.calls > 0) return found;
  throw new Error(
    `${store} has no incoming calls that began between ${told(span.from)} and ${told(span.to)} and ended`,
  );
};

const replayed = (history: History, asked: Asked): WhatIf => {
  const bar = progress({ doing: 'replaying', total: 100, unit: '%' });
  const result = whatIf(history, asked, (share) => bar.at(100 * share));
  bar.end();
  return result;
};
