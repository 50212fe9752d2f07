// PHP's exceptions and errors, as errors of JavaScript.

/** What PHP can throw. `message`, `code` and `previous` are fields, and read by PHP's methods. */
export class Throwable extends Error {
  code: number | string;
  previous: unknown;
  file = '';
  line = 0;

  constructor(message = '', code: number | string = 0, previous: unknown = null) {
    super(message);
    this.code = code;
    this.previous = previous;
    Object.defineProperty(this, 'name', { value: nameOf(this), enumerable: false, configurable: true });
    const place = /\(?((?:file:\/\/)?\/[^()\n]*?):(\d+):\d+\)?$/m.exec(withoutConstructors(this));
    if (place !== null) {
      this.file = (place[1] as string).replace(/^file:\/\//, '');
      this.line = Number(place[2]);
    }
  }

  getMessage(): string {
    return this.message;
  }

  getCode(): number | string {
    return this.code;
  }

  getPrevious(): unknown {
    return this.previous;
  }

  getFile(): string {
    return this.file;
  }

  getLine(): number {
    return this.line;
  }

  getTraceAsString(): string {
    return (this.stack ?? '').replace(/^.*\n/, '').replace(/^ +at /gm, '#');
  }

  __toString(): string {
    return `${nameOf(this)}: ${this.message} in ${this.file}:${this.line}\nStack trace:\n${this.getTraceAsString()}`;
  }
}

const names = new WeakMap<object, string>();

/** Says how PHP calls a class. */
export function setClassName(type: object, name: string): void {
  names.set(type, name);
}

/** PHP's name of a class. */
export function nameOfType(type: object): string {
  return names.get(type) ?? String((type as { name?: unknown }).name ?? '');
}

function nameOf(object: object): string {
  return nameOfType(object.constructor);
}

/** The stack from the place on where the exception was made. */
function withoutConstructors(error: Error): string {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return lines.filter((line) => !/\bat new /.test(line)).join('\n');
}

export class Exception extends Throwable {}

/** PHP's `ErrorException`, with a severity. */
export class ErrorException extends Exception {
  severity: number;

  constructor(message = '', code = 0, severity = 1, file = '', line = 0, previous: unknown = null) {
    super(message, code, previous);
    this.severity = severity;
    if (file !== '') this.file = file;
    if (line !== 0) this.line = line;
  }

  getSeverity(): number {
    return this.severity;
  }
}

/** PHP's `Error`. */
export class PhpError extends Throwable {}
/** PHP's `TypeError`. */
export class PhpTypeError extends PhpError {}
export class ValueError extends PhpError {}
export class ArithmeticError extends PhpError {}
export class DivisionByZeroError extends ArithmeticError {}
export class AssertionError extends PhpError {}
export class ArgumentCountError extends PhpTypeError {}
export class UnhandledMatchError extends PhpError {}
export class JsonException extends Exception {}
export class LogicException extends Exception {}
export class BadFunctionCallException extends LogicException {}
export class BadMethodCallException extends BadFunctionCallException {}
export class DomainException extends LogicException {}
export class InvalidArgumentException extends LogicException {}
export class LengthException extends LogicException {}
export class OutOfRangeException extends LogicException {}
export class RuntimeException extends Exception {}
export class OutOfBoundsException extends RuntimeException {}
export class OverflowException extends RuntimeException {}
export class RangeException extends RuntimeException {}
export class UnderflowException extends RuntimeException {}
export class UnexpectedValueException extends RuntimeException {}

setClassName(PhpError, 'Error');
setClassName(PhpTypeError, 'TypeError');

/** PHP's names in lower case, and the classes. */
export const throwables: Record<string, typeof Throwable> = Object.fromEntries(
  [
    Throwable,
    Exception,
    ErrorException as unknown as typeof Throwable,
    PhpError,
    PhpTypeError,
    ValueError,
    ArithmeticError,
    DivisionByZeroError,
    AssertionError,
    ArgumentCountError,
    UnhandledMatchError,
    JsonException,
    LogicException,
    BadFunctionCallException,
    BadMethodCallException,
    DomainException,
    InvalidArgumentException,
    LengthException,
    OutOfRangeException,
    RuntimeException,
    OutOfBoundsException,
    OverflowException,
    RangeException,
    UnderflowException,
    UnexpectedValueException,
  ].map((type) => [nameOfType(type).toLowerCase(), type]),
);

/** `throw` in an expression. */
export function raise(error: unknown): never {
  throw error;
}
