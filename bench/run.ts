import type { Row } from './rig.ts';

type Bench = () => Promise<readonly Row[]>;

/** One file per part; each exports one function `bench…` that measures and returns rows. */
const parts = ['eventstore', 'documents', 'store', 'commands', 'projections', 'realtime', 'timers', 'what-if'];

const words = process.argv.slice(2).filter((word) => word !== '--json');
const strangers = words.filter((word) => !parts.includes(word));
if (strangers.length > 0) {
  process.stderr.write(
    `there is no benchmark "${strangers.join(' ')}": choose from ${parts.join(', ')}, or none for all\n`,
  );
  process.exit(1);
}

const rows: (Row & { part: string })[] = [];
for (const part of words.length > 0 ? words : parts) {
  process.stderr.write(`measuring ${part} ...\n`);
  const exported: Record<string, unknown> = await import(`./${part}.ts`);
  const [, bench] = Object.entries(exported).find(([name]) => name.startsWith('bench'))!;
  rows.push(...(await (bench as Bench)()).map((row) => ({ part, ...row })));
}
if (process.argv.includes('--json')) console.log(JSON.stringify(rows));
else console.table(rows);
process.exit(0);
