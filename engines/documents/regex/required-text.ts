/** The longest text that every match contains, noted while a pattern is read; looking for it first saves most matching. */
export class RequiredText {
  private run = '';
  private longest = '';
  private isInDoubt = false;

  /** A text that stands in every match, right after the one before. */
  add(text: string): void {
    this.run += text;
    if (this.run.length > this.longest.length) this.longest = this.run;
  }

  /** Something else follows. */
  interrupt(): void {
    this.run = '';
  }

  /** The whole pattern is one alternative of several. */
  giveUp(): void {
    this.isInDoubt = true;
  }

  get text(): string {
    return this.isInDoubt ? '' : this.longest;
  }
}
