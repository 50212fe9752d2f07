// What the program was started with.

import { PhpArray } from './array';

const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const words = process.argv.slice(1).map(bytes);

/** `$argv`: the program and its arguments. */
export const argv = PhpArray.of(...words);
/** `$argc`. */
export const argc: number = words.length;
