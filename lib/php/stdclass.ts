// PHP's class without members of its own.

export class stdClass {
  // biome-ignore lint/suspicious/noExplicitAny: values of PHP have any type
  [name: string]: any;
}
