// Includes: the interface of the server becomes a comment, files that only declare are ported along.

import type { Printer } from './printer';
import { end, literalText, type Node, start } from './tree';

export function isDropIn(node: Node): boolean {
  return /(^|\/)ip(works_ip)?daemon\w*\.php$/i.test(literalText(lastPart(node.expression ?? node)) ?? '');
}

/** The text at the end of `__DIR__ . '/file.php'`, or the text itself. */
function lastPart(node: Node): Node {
  const target = (node as unknown as { target?: Node }).target ?? node;
  return target.kind === 'bin' && target.type === '.' ? target.right : target;
}

/** The file that an include names relative to the file that it stands in; undefined if it is computed. */
export function fileOf(node: Node): string | undefined {
  const { target } = node as unknown as { target: Node };
  if (target.kind === 'string') return literalText(target);
  const isHere =
    target.kind === 'bin' &&
    target.type === '.' &&
    (target.left.kind === 'magic' || (target.left.kind === 'call' && /__FILE__/.test(JSON.stringify(target.left))));
  const text = isHere ? literalText(target.right) : undefined;
  return text?.replace(/^\//, '');
}

/** Writes the words of a statement as a comment, as far as what is inside of it. */
export function commentOut(p: Printer, node: Node, inside?: Node): void {
  const whole = p.program.source.slice(start(node), inside === undefined ? end(node) : start(inside));
  const text = /^[^;{/#]*/.exec(whole)?.[0].trim().replaceAll('*/', '* /').replaceAll('\r', '') ?? '';
  p.writer.putLines(`/* ${text}; */`);
}

export function includeStatement(p: Printer, node: Node): void {
  if (isDropIn(node)) {
    commentOut(p, node);
    return;
  }
  const file = fileOf(node);
  if (file !== undefined && p.included.has(file)) {
    commentOut(p, node);
    return;
  }
  const reason =
    file === undefined ? 'the name of the file is computed' : (p.notIncluded.get(file) ?? 'there is no such file');
  p.put(`${p.refusal(node, 'include', reason)};`);
}
