const often = 500;

type Work = {
  /** In the present participle: "copying". */
  readonly doing: string;
  readonly total: number;
  readonly unit: string;
  /** How many of what is counted make one unit: 2 ** 20 bytes are a MiB. */
  readonly perUnit?: number;
};

/** How far long work is, as a person wants to know it: done, rate a second and time left. */
export const progressLine = ({ doing, total, unit, perUnit = 1 }: Work, done: number, seconds: number): string => {
  const rate = done / seconds;
  const left = rate > 0 ? `${Math.ceil(Math.max(0, total - done) / rate)} s left` : 'time left unknown';
  const inUnits = (amount: number) => Math.round(amount / perUnit).toLocaleString('en');
  return `${doing}: ${inUnits(done)} of ${inUnits(total)} ${unit}, ${inUnits(rate)} ${unit}/s, ${left}`;
};

/** Tells on the error stream how far long work is, at most twice a second; short work says nothing. */
export const progress = (work: Work) => {
  const began = performance.now();
  let told = began;
  const line = process.stderr.isTTY ? (text: string) => `\r\x1b[K${text}` : (text: string) => `${text}\n`;
  return {
    at(done: number) {
      const now = performance.now();
      if (now - told < often) return;
      told = now;
      process.stderr.write(line(progressLine(work, done, (now - began) / 1_000)));
    },
    end() {
      if (told !== began && process.stderr.isTTY) process.stderr.write('\n');
    },
  };
};

const MiB = 2 ** 20;

/** Progress in MiB of `total` bytes. */
export const byteProgress = (doing: string, total: number) => progress({ doing, total, unit: 'MiB', perUnit: MiB });
