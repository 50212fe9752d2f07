// Writes a session while it is recorded. The file is whole after every step, so ending the program loses nothing.

import * as fs from 'node:fs';
import { written } from './session-file';

/** Bytes of answers between two actions of clients that may still be joined; behind that, only the last step grows. */
const joined_max = 1024 * 1024;

interface Entry {
  verb: string;
  name: string;
  /** The step as JSON without the quotation mark and bracket that end its text. */
  json: string;
  /** Where it begins in the file. */
  begin: number;
}

const end = '\n  ]\n}\n';

export class Recording {
  private readonly file: number;
  /** The steps since the last action of a client, which answers may still join. */
  private run: Entry[] = [];
  private size = 0;
  private tail = 0;
  steps = 0;

  constructor(name: string, about: string, masks: [string, string][]) {
    this.file = fs.openSync(name, 'w');
    const list = masks.map((mask) => `\n    ${written(mask)}`).join(',');
    const maskLines = masks.length === 0 ? '' : `  "masks": [${list}\n  ],\n`;
    const head = `{\n  "about": ${written(about)},\n  "args": [\n    "{port}"\n  ],\n${maskLines}  "steps": [`;
    this.write(head, 0);
    this.tail = head.length;
    this.write(end, this.tail);
  }

  private write(text: string, at: number): void {
    const bytes = Buffer.from(text, 'latin1');
    for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.file, bytes, done, undefined, at + done);
  }

  /** Adds a step; nothing of the server joins what came before it. */
  step(verb: string, ...texts: string[]): void {
    this.run = [];
    this.size = 0;
    this.append(written([verb, ...texts]));
  }

  private append(json: string): number {
    const lead = `${this.steps === 0 ? '' : ','}\n    `;
    const begin = this.tail + lead.length;
    this.write(`${lead}${json}${end}`, this.tail);
    this.tail = begin + json.length;
    this.steps += 1;
    return begin;
  }

  /** A step of the server: an end, or with bytes an answer, which joins the answer to the same client before it. */
  answer(verb: 'expect' | 'eof' | 'reset', name: string, bytes = ''): void {
    const text = written(bytes).slice(1, -1);
    const at = verb === 'expect' ? this.run.findLastIndex((entry) => entry.name === name) : -1;
    const entry = this.run[at];
    if (entry?.verb === 'expect') {
      this.extend(at, text);
      return;
    }
    const json = verb === 'expect' ? `${written([verb, name]).slice(0, -1)},"${text}` : written([verb, name]);
    const begin = this.append(verb === 'expect' ? `${json}"]` : json);
    this.run.push({ verb, name, json, begin });
    this.limit(json.length);
  }

  private extend(at: number, text: string): void {
    const entry = this.run[at] as Entry;
    const rest = this.run.slice(at + 1);
    const from = rest.length === 0 ? this.tail - 2 : entry.begin + entry.json.length;
    let added = `${text}"]`;
    for (const later of rest) {
      later.begin = from + added.length + 6;
      added += `,\n    ${later.json}${later.verb === 'expect' ? '"]' : ''}`;
    }
    this.write(`${added}${end}`, from);
    this.tail = from + added.length;
    if (this.size <= joined_max || rest.length > 0) entry.json += text;
    this.limit(text.length);
  }

  private limit(added: number): void {
    this.size += added;
    // The last one grows at the end of the file, and its text is not needed for that.
    if (this.size > joined_max) this.run = this.run.slice(-1).map((entry) => ({ ...entry, json: '' }));
  }

  /** Bytes of a client; each arrival is a piece of its own, in the step before it if that is of the same client. */
  private lastSend = { name: '', steps: -1 };

  sent(name: string, bytes: string): void {
    this.run = [];
    this.size = 0;
    const { lastSend } = this;
    if (lastSend.name === name && lastSend.steps === this.steps) {
      const piece = `,${written(bytes)}]`;
      this.write(`${piece}${end}`, this.tail - 1);
      this.tail += piece.length - 1;
      return;
    }
    this.step('send', name, bytes);
    this.lastSend = { name, steps: this.steps };
  }

  close(): void {
    fs.closeSync(this.file);
  }
}
