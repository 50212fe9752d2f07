// Literals: numbers and texts, with what stands inside of texts.

import { expression, plain } from './expressions';
import { type Form, Prec, type Printer } from './printer';
import type { Scope } from './scopes';
import { areCharacters, bytesOf, escaped, indentationOf, literal, pieces, type Quotes } from './texts';
import { member, type Node } from './tree';
import { isIntegerLiteral } from './types';

export function numberForm(p: Printer, node: Node): Form {
  const text = String(node.value);
  if (isIntegerLiteral(text.replace(/^-/, ''))) {
    const digits = text.replaceAll('_', '');
    const value = /^-?0[0-7]+$/.test(digits)
      ? BigInt(digits.replace(/^(-?)0/, '$10o').replace('-', ''))
      : BigInt(digits.replace('-', ''));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) p.note(node, text, 'integers beyond 2^53 are not exact', '#numbers');
  }
  const octal = /^0[0-7]/.test(text) ? text.replace(/^0_?/, '0o') : text;
  return plain(p, octal, text.startsWith('-') ? Prec.unary : Prec.primary);
}

function quotesOf(node: Node): { quotes: Quotes; body: string; quote: string } {
  if (node.kind === 'nowdoc') {
    const lines = node.raw.split('\n').slice(1);
    // Without the line of the end, but with its indentation.
    lines[lines.length - 1] = /^[ \t]*/.exec(lines.at(-1) ?? '')?.[0] ?? '';
    return { quotes: 'nowdoc', body: lines.join('\n'), quote: '`' };
  }
  const raw = node.raw.replace(/^[bB]/, '');
  const quote = raw[0] === '"' ? '"' : "'";
  return { quotes: quote === '"' ? 'double' : 'single', body: raw.slice(1, -1), quote };
}

/** The bytes of a literal text. */
export function bytesOfLiteral(node: Node): string {
  const { quotes, body } = quotesOf(node);
  return bytesOf(quotes === 'nowdoc' ? withoutIndentation(body, true).replace(/\n?$/, '') : body, quotes);
}

/** The lines of a heredoc without the indentation of its end. */
function withoutIndentation(body: string, atStart: boolean, indentation = indentationOf(body)): string {
  const lines = body.split('\n');
  return lines
    .map((line, i) => {
      if (i === 0 && !atStart) return line;
      const blank = /^[ \t]*/.exec(line)?.[0].length ?? 0;
      return line.slice(Math.min(indentation, blank));
    })
    .join('\n');
}

export function stringForm(p: Printer, node: Node): Form {
  const { quotes, body, quote } = quotesOf(node);
  if (quotes === 'nowdoc') {
    return {
      prec: Prec.primary,
      print: () => putTemplate(p, [withoutIndentation(body, true)], 'nowdoc', undefined, true),
    };
  }
  if (body.includes('\n')) return { prec: Prec.primary, print: () => putTemplate(p, [body], quotes, undefined, false) };
  return {
    prec: Prec.primary,
    print: () => p.put(literal(bytesOf(body, quotes), quote, p.program.isUtf8, () => p.h('utf8'))),
  };
}

/** A template: texts, and nodes of what stands inside. */
function putTemplate(
  p: Printer,
  parts: (string | Node)[],
  quotes: Quotes,
  scope: Scope | undefined,
  isHeredoc: boolean,
): void {
  const texts = parts.map((part) => (typeof part === 'string' ? bytesOf(part, quotes) : ''));
  const keep = texts.some((text) => areCharacters(text, p.program.isUtf8));
  if (keep) p.put(p.h('utf8Template'));
  p.put('`');
  if (isHeredoc) p.writer.putLines('\\\n');
  parts.forEach((part, i) => {
    if (typeof part !== 'string') {
      putPart(p, part, scope as Scope);
      return;
    }
    const isLast = i === parts.length - 1;
    for (const { bytes, isLineEnd } of pieces(isHeredoc && isLast ? part.replace(/\n[ \t]*$/, '') : part, quotes)) {
      if (isLineEnd) p.writer.putLines('\n');
      else p.writer.putText(escaped(bytes, '`', keep));
    }
  });
  if (isHeredoc) p.writer.putLines('\\\n');
  p.put('`');
}

function putPart(p: Printer, part: Node, scope: Scope): void {
  p.put('${');
  text(p, part, scope, Prec.comma);
  p.put('}');
}

/** Writes an expression as a text: what is none becomes one as in PHP. */
export function text(p: Printer, node: Node, scope: Scope, min: number): void {
  const type = p.type(node, scope);
  if (type === 'text' || type === 'int') {
    expression(p, node, scope, min);
    return;
  }
  p.at(node);
  p.put(`${p.h('str')}(`);
  expression(p, node, scope, Prec.assignment);
  p.put(')');
}

export function encapsedForm(p: Printer, node: Node, scope: Scope): Form {
  const isHeredoc = node.type === 'heredoc';
  const quotes: Quotes = isHeredoc ? 'heredoc' : node.type === 'shell' ? 'shell' : 'double';
  const indentation = isHeredoc ? indentationOf(node.raw) : 0;
  const parts = (node.value as unknown as Node[]).map((part, i) => {
    const { expression: inside } = part;
    if (inside.kind !== 'string' || member<string | null>(part, 'syntax') !== null) return part;
    return indentation > 0 ? withoutIndentation(inside.raw, i === 0, indentation) : inside.raw;
  });
  const form = { prec: Prec.primary, print: () => putTemplate(p, parts, quotes, scope, isHeredoc) };
  if (node.type !== 'shell') return form;
  return {
    prec: Prec.member,
    print: () => {
      p.put(`${p.h('shell_exec')}(`);
      form.print();
      p.put(')');
    },
  };
}
