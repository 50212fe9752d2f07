// Writes the output along the lines of the input: before a node is written, the comments before it are taken over and
// the output goes to the node's line. Nothing else moves. What has to be told about a line is put at its end.

import type { Program } from './parse';
import type { Comment } from './tree';

/** What ends the notes of the porter are looked for by. */
export const noteMark = `// ${['TO', 'DO'].join('')}(port):`;

export class Writer {
  private readonly lines: string[] = [''];
  private readonly starts: number[] = [0];
  private readonly notes = new Map<number, string[]>();
  /** Lines that end inside of a text or comment, and can carry no note. */
  private readonly closed = new Set<number>();
  private next = 0;
  private mustBreak = false;

  constructor(private readonly program: Program) {
    const { source } = program;
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  /** The line of the source, counted from 1, in which a position is. */
  lineAt(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  private indentation(line: number): string {
    const from = this.starts[line - 1] ?? 0;
    return /^[ \t]*/.exec(this.program.source.slice(from, from + 200))?.[0] ?? '';
  }

  private get last(): string {
    return this.lines[this.lines.length - 1] as string;
  }

  private set last(text: string) {
    this.lines[this.lines.length - 1] = text;
  }

  private newLine(): void {
    this.last = this.last.trimEnd();
    this.lines.push('');
    this.mustBreak = false;
  }

  /** The line that is being written. */
  get line(): number {
    return this.lines.length;
  }

  get isAtStart(): boolean {
    return this.last.trim() === '';
  }

  private goTo(line: number): void {
    if (line <= this.line) return;
    while (this.line < line) this.newLine();
    this.last = this.indentation(line);
  }

  /** Writes text behind what is there. It has no line breaks. */
  put(text: string): void {
    if (text === '') return;
    if (this.mustBreak && text.trim() !== '') this.newLine();
    this.last += text;
  }

  /** A space, unless there is one or the line begins here. */
  space(): void {
    if (!/[\s([]$/.test(this.last) && this.last !== '') this.put(' ');
  }

  /** A text over several lines, which must end up as they are. */
  putLines(text: string): void {
    const [first = '', ...more] = text.split('\n');
    this.put(first);
    for (const line of more) {
      this.closed.add(this.line);
      this.lines.push(line);
    }
  }

  /** A piece of a text: spaces at its end count. */
  putText(text: string): void {
    this.last += text;
  }

  /** Goes to a position of the source; comments before it are written on their lines. */
  at(offset: number): void {
    const { comments } = this.program;
    for (let comment = comments[this.next]; comment !== undefined && comment.offset < offset; ) {
      this.putComment(comment);
      this.next += 1;
      comment = comments[this.next];
    }
    this.goTo(this.lineAt(offset));
  }

  /** Whether a comment stands between what was written and a position. */
  hasCommentBefore(offset: number): boolean {
    const comment = this.program.comments[this.next];
    return comment !== undefined && comment.offset < offset;
  }

  private putComment({ kind, value, line }: Comment): void {
    this.goTo(line);
    this.space();
    if (kind === 'commentblock') {
      this.putLines(value.replaceAll('\r', ''));
      this.last += ' ';
      return;
    }
    const text = value.replace(/\s+$/, '');
    this.put(text.startsWith('#') ? `//${text.slice(1)}` : text);
    this.mustBreak = true;
  }

  /** What would be written behind what is there. */
  capture(write: () => void): string {
    const { length } = this.lines;
    const before = this.last;
    write();
    const [first = '', ...more] = this.lines.splice(length - 1);
    this.lines.push(before);
    return [first.slice(before.length), ...more].map((line) => line.trim()).join(' ');
  }

  /** Comments that are part of what was written. */
  skipCommentsBefore(offset: number): void {
    const { comments } = this.program;
    while ((comments[this.next]?.offset ?? offset) < offset) this.next += 1;
  }

  note(line: number, text: string): void {
    const list = this.notes.get(line) ?? [];
    if (!list.includes(text)) list.push(text);
    this.notes.set(line, list);
  }

  /** The lines, with what was noted at their ends; `first` goes in front of all. */
  finish(first: string): string {
    this.at(this.program.source.length);
    this.lines[this.firstLine - 1] = first + (this.lines[this.firstLine - 1] ?? '').trimStart();
    for (const [line, list] of this.notes) {
      let at = Math.min(line, this.lines.length);
      while (this.closed.has(at)) at += 1;
      const text = (this.lines[at - 1] ?? '').trimEnd();
      this.lines[at - 1] = `${text === '' ? '' : `${text} `}${noteMark} ${list.join('; ')}`;
    }
    const text = this.lines.map((line, i) => (this.closed.has(i + 1) ? line : line.trimEnd())).join('\n');
    const wanted = this.program.source.split('\n').length - (this.program.source.endsWith('\n') ? 1 : 0);
    const count = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    return text + (text.endsWith('\n') ? '' : '\n') + '\n'.repeat(Math.max(0, wanted - count - (text === '' ? 1 : 0)));
  }

  /** The line that imports are written to: the first, or the second behind `#!`. */
  get firstLine(): number {
    return this.program.source.startsWith('#!') ? 2 : 1;
  }
}
