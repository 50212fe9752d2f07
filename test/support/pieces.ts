// Text that grows piece by piece while a test waits for it. Its length is known without putting it together: a wait
// looks after each piece, and joining megabytes each time would take longer than what is tested.

export class Pieces {
  /** How many characters there are. */
  length = 0;
  private whole = '';
  private readonly fresh: string[] = [];

  push(piece: string): void {
    this.length += piece.length;
    this.fresh.push(piece);
  }

  clear(): void {
    this.length = 0;
    this.whole = '';
    this.fresh.length = 0;
  }

  /** All of it. */
  get text(): string {
    if (this.fresh.length > 0) {
      this.whole += this.fresh.splice(0).join('');
    }
    return this.whole;
  }
}
