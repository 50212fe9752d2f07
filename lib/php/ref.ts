// Boxes for what PHP passes by reference.

/** A variable that several places share. */
export class Ref<T = unknown> {
  v: T;

  constructor(v: T) {
    this.v = v;
  }
}

/** A box for a value; what is a box already stays it. */
// biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
export function toRef(value: any): Ref<any> {
  return value instanceof Ref ? value : new Ref(value ?? null);
}

/** The value in a box, or the value itself. */
export function unref(value: unknown): unknown {
  return value instanceof Ref ? value.v : value;
}
