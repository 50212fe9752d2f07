// Resources: what PHP hands out for open files and folders.

let lastId = 3;

export class Resource {
  readonly id: number;
  isOpen = true;

  constructor(
    readonly type: string,
    id?: number,
  ) {
    // PHP counts the three standard streams first.
    if (id === undefined) lastId += 1;
    this.id = id ?? lastId;
  }
}
