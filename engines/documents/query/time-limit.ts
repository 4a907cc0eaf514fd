import { DocumentError } from '../errors.ts';

/** How long an operation may still work; the time between two batches of a cursor does not count. */
export class TimeLimit {
  private left: number;
  private until: number;

  constructor(millis: number) {
    this.left = millis;
    this.until = performance.now() + millis;
  }

  /** Stops the clock. */
  pause(): void {
    this.left = this.until - performance.now();
    this.until = Number.POSITIVE_INFINITY;
  }

  /** Lets the clock go on. */
  resume(): void {
    this.until = Math.min(this.until, performance.now() + this.left);
  }

  /** Throws once the time is over. */
  check(): void {
    if (performance.now() > this.until) throw new DocumentError('MaxTimeMSExpired', 'operation exceeded time limit');
  }
}
