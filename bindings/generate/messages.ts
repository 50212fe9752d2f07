// The table of messages, which no part of the library needs at run time: what each text means to a user.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { packageRoot } from '../files';

export interface Messages {
  /** By code: when the error occurs, and what to do. */
  errors: Record<string, [when: string, todo: string]>;
  groups: { title: string; rows: [text: string, when: string, todo: string][] }[];
}

export const messages: Messages = JSON.parse(
  fs.readFileSync(path.join(packageRoot(), 'bindings', 'generate', 'messages.json'), 'utf8'),
);
