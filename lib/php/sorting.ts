// PHP's way to sort: insertion up to 16 elements, quicksort above. Comparisons that are not transitive ('10', '9a', 'a')
// and comparing functions with side effects give the same as there. Equal elements keep their order.

type Compare<T> = (a: T, b: T) => number;

function swap<T>(list: T[], i: number, j: number): void {
  const kept = list[i] as T;
  list[i] = list[j] as T;
  list[j] = kept;
}

class Sorter<T> {
  constructor(
    private readonly list: T[],
    private readonly compare: Compare<T>,
  ) {}

  private isAfter(i: number, j: number): boolean {
    return this.compare(this.list[i] as T, this.list[j] as T) > 0;
  }

  private swap(i: number, j: number): void {
    swap(this.list, i, j);
  }

  private two(a: number, b: number): void {
    if (this.isAfter(a, b)) this.swap(a, b);
  }

  private three(a: number, b: number, c: number): void {
    if (!this.isAfter(a, b)) {
      if (!this.isAfter(b, c)) return;
      this.swap(b, c);
      this.two(a, b);
      return;
    }
    if (!this.isAfter(c, b)) {
      this.swap(a, c);
      return;
    }
    this.swap(a, b);
    this.two(b, c);
  }

  /** Puts the last of some places that are in order otherwise into its place. */
  private last(...places: number[]): void {
    for (let i = places.length - 1; i > 0; i -= 1) {
      const [before, at] = [places[i - 1] as number, places[i] as number];
      if (!this.isAfter(before, at)) return;
      this.swap(before, at);
    }
  }

  private five(a: number, b: number, c: number, d: number, e: number): void {
    this.three(a, b, c);
    this.last(a, b, c, d);
    this.last(a, b, c, d, e);
  }

  private place(from: number, to: number): void {
    const [kept] = this.list.splice(from, 1);
    this.list.splice(to, 0, kept as T);
  }

  /** Where an element goes among those before it, two steps at a time. */
  private wide(start: number, i: number): number {
    let j = i - 1;
    for (;;) {
      j -= 2;
      if (!this.isAfter(j, i)) {
        j += 1;
        return this.isAfter(j, i) ? j : j + 1;
      }
      if (j === start) return j;
      if (j === start + 1) {
        j -= 1;
        return this.isAfter(i, j) ? j + 1 : j;
      }
    }
  }

  private insert(start: number, count: number): void {
    if (count < 2) return;
    if (count === 2) {
      this.two(start, start + 1);
      return;
    }
    if (count < 6) {
      this.three(start, start + 1, start + 2);
      if (count === 3) return;
      this.last(start, start + 1, start + 2, start + 3);
      if (count === 5) this.last(start, start + 1, start + 2, start + 3, start + 4);
      return;
    }
    for (let i = start + 1; i < start + 6; i += 1) {
      let j = i - 1;
      if (!this.isAfter(j, i)) continue;
      while (j !== start) {
        j -= 1;
        if (!this.isAfter(j, i)) {
          j += 1;
          break;
        }
      }
      this.place(i, j);
    }
    for (let i = start + 6; i < start + count; i += 1) if (this.isAfter(i - 1, i)) this.place(i, this.wide(start, i));
  }

  /** Divides at a pivot; gives the place behind it. */
  private divide(start: number, count: number): number {
    const end = start + count;
    const offset = count >> 1;
    let pivot = start + offset;
    if (count >> 10 > 0) {
      const delta = offset >> 1;
      this.five(start, start + delta, pivot, pivot + delta, end - 1);
    } else this.three(start, pivot, end - 1);
    this.swap(start + 1, pivot);
    pivot = start + 1;
    let i = pivot + 1;
    let j = end - 1;
    const meet = (): number => {
      for (;;) {
        while (this.isAfter(pivot, i)) {
          i += 1;
          if (i === j) return i;
        }
        j -= 1;
        if (j === i) return i;
        while (this.isAfter(j, pivot)) {
          j -= 1;
          if (j === i) return i;
        }
        this.swap(i, j);
        i += 1;
        if (i === j) return i;
      }
    };
    const at = meet();
    this.swap(pivot, at - 1);
    return at;
  }

  sort(from: number, elements: number): void {
    let [start, count] = [from, elements];
    while (count > 16) {
      const at = this.divide(start, count);
      const end = start + count;
      if (at - 1 - start < end - at) {
        this.sort(start, at - start - 1);
        start = at;
        count = end - at;
      } else {
        this.sort(at, end - at);
        count = at - start - 1;
      }
    }
    this.insert(start, count);
  }
}

/** Sorts a list in place as PHP does. */
export function sortList<T>(list: T[], compare: Compare<T>): T[] {
  const numbered = list.map((value, i) => ({ value, i }));
  const stable = (a: { value: T; i: number }, b: { value: T; i: number }) => compare(a.value, b.value) || a.i - b.i;
  new Sorter(numbered, stable).sort(0, numbered.length);
  numbered.forEach(({ value }, i) => {
    list[i] = value;
  });
  return list;
}
