// Times as texts, for `strtotime`: ISO dates and times, dates with the name of a month, relative words.

import { fieldsAt, timeOf } from './zones';

const monthNames = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const dayNames = 'sun mon tue wed thu fri sat'.split(' ');
const units: Record<string, [number, keyof Parts]> = {
  sec: [1, 'second'],
  second: [1, 'second'],
  min: [1, 'minute'],
  minute: [1, 'minute'],
  hour: [1, 'hour'],
  day: [1, 'day'],
  week: [7, 'day'],
  fortnight: [14, 'day'],
  month: [1, 'month'],
  year: [1, 'year'],
};

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

class TimeText {
  private at = 0;
  private readonly parts: Parts;
  private hasTime = false;
  private readonly added: Parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  private weekDay: [day: number, direction: number] | undefined;
  private offset: number | undefined;
  private edge: 'first' | 'last' | undefined;

  constructor(
    private readonly s: string,
    base: number,
    private readonly zone: string,
  ) {
    const { year, month, day, hour, minute, second } = fieldsAt(base, zone);
    this.parts = { year, month, day, hour, minute, second };
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    const sticky = new RegExp(pattern.source, 'iy');
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.s);
    if (found === null) return undefined;
    this.at += found[0].length;
    return found;
  }

  private date(year: string | number, month: string | number, day: string | number): true {
    Object.assign(this.parts, { year: Number(year), month: Number(month), day: Number(day) });
    if (!this.hasTime) this.time(0, 0, 0, false);
    return true;
  }

  private time(hour: number, minute: number, second: number, isGiven = true): true {
    Object.assign(this.parts, { hour, minute, second });
    this.hasTime ||= isGiven;
    return true;
  }

  private step(): boolean {
    if (this.take(/[\s,]+/) !== undefined) return true;
    return this.dates() || this.times() || this.words();
  }

  private dates(): boolean {
    const iso =
      this.take(/(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?=$|[\sT,])T?/) ?? this.take(/(\d{4})(\d\d)(\d\d)(?=$|[\sT])T?/);
    if (iso !== undefined) {
      return Number(iso[2]) > 12 || Number(iso[2]) < 1 || Number(iso[3]) > 31
        ? this.fail()
        : this.date(iso[1] as string, iso[2] as string, iso[3] as string);
    }
    const american = this.take(/(\d{1,2})\/(\d{1,2})\/(\d{4})\b/);
    if (american !== undefined) {
      return Number(american[1]) > 12
        ? this.fail()
        : this.date(american[3] as string, american[1] as string, american[2] as string);
    }
    const german = this.take(/(\d{1,2})[.-](\d{1,2})[.-](\d{4})\b/);
    if (german !== undefined) {
      return Number(german[2]) > 12
        ? this.fail()
        : this.date(german[3] as string, german[2] as string, german[1] as string);
    }
    const name = '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\\.?';
    const named = this.take(new RegExp(`(\\d{1,2})[ -]${name}[ ,-]+(\\d{4})\\b`));
    if (named !== undefined) return this.date(named[3] as string, this.month(named[2] as string), named[1] as string);
    const before = this.take(new RegExp(`${name} (\\d{1,2})(?:st|nd|rd|th)?,? +(\\d{4})(?!:)\\b`));
    if (before !== undefined)
      return this.date(before[3] as string, this.month(before[1] as string), before[2] as string);
    return false;
  }

  private month(name: string): number {
    return monthNames.indexOf(name.toLowerCase().slice(0, 3)) + 1;
  }

  private times(): boolean {
    const stamp = this.take(/@(-?\d+)/);
    if (stamp !== undefined) {
      const { year, month, day, hour, minute, second } = fieldsAt(Number(stamp[1]), 'UTC');
      Object.assign(this.parts, { year, month, day, hour, minute, second });
      this.offset = 0;
      this.hasTime = true;
      return true;
    }
    const clock =
      this.take(/(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:\s*([ap])\.?m\.?)?/) ??
      this.take(/(\d{1,2})()()\s*([ap])\.?m\.?\b/);
    if (clock !== undefined) {
      const half = clock[4]?.toLowerCase();
      const hour = half === undefined ? Number(clock[1]) : (Number(clock[1]) % 12) + (half === 'p' ? 12 : 0);
      if (hour > 24 || Number(clock[2]) > 59 || (half !== undefined && Number(clock[1]) > 12)) return this.fail();
      return this.time(hour, Number(clock[2]), Number(clock[3] ?? 0));
    }
    const zone = this.take(/(?:GMT|UTC)?([+-])(\d\d):?(\d\d)\b(?!\s*[a-z])|(?:Z|UTC|GMT)\b/);
    if (zone === undefined) return false;
    this.offset =
      zone[1] === undefined ? 0 : (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 3600 + Number(zone[3]) * 60);
    return true;
  }

  private fail(): never {
    throw new SyntaxError();
  }

  private words(): boolean {
    const word = this.take(/(now|today|midnight|noon|tomorrow|yesterday)\b/)?.[0].toLowerCase();
    if (word !== undefined) {
      if (word !== 'now') this.time(word === 'noon' ? 12 : 0, 0, 0);
      if (word === 'tomorrow') this.added.day += 1;
      if (word === 'yesterday') this.added.day -= 1;
      return true;
    }
    const edge = this.take(/(first|last) day of\b/);
    if (edge !== undefined) {
      this.edge = edge[1]?.toLowerCase() as 'first' | 'last';
      return true;
    }
    const relative = this.take(
      /([+-]?\s*\d+|next|last|previous|this|an?)\s*(sec|second|min|minute|hour|day|week|fortnight|month|year)s?\b(\s+ago\b)?/,
    );
    if (relative !== undefined) {
      const amount =
        { next: 1, last: -1, previous: -1, this: 0, a: 1, an: 1 }[(relative[1] as string).toLowerCase()] ??
        Number((relative[1] as string).replace(/\s/g, ''));
      const [size, part] = units[(relative[2] as string).toLowerCase()] as [number, keyof Parts];
      this.added[part] += amount * size * (relative[3] === undefined ? 1 : -1);
      return true;
    }
    const day = this.take(
      /(?:(next|last|previous|this)\s+)?(sun|mon|tue|wed|thu|fri|sat)(?:day|s|sday|nesday|rsday|urday)?\b/,
    );
    if (day === undefined) return false;
    const direction = { next: 1, last: -1, previous: -1 }[(day[1] ?? '').toLowerCase()] ?? 0;
    this.weekDay = [dayNames.indexOf((day[2] as string).toLowerCase()), direction];
    if (!this.hasTime) this.time(0, 0, 0, false);
    return true;
  }

  result(): number {
    if (this.s.trim() === '') this.fail();
    while (this.at < this.s.length) if (!this.step()) this.fail();
    const { parts, added } = this;
    if (this.edge === 'first') parts.day = 1;
    if (this.edge === 'last') {
      parts.month += 1;
      parts.day = 0;
    }
    const zone = this.offset === undefined ? this.zone : 'UTC';
    const day = parts.day + added.day;
    let time = timeOf(
      parts.year + added.year,
      parts.month + added.month,
      day,
      parts.hour,
      parts.minute,
      parts.second,
      zone,
    );
    if (this.weekDay !== undefined) time += this.toWeekDay(time, zone) * 86400;
    return time + added.hour * 3600 + added.minute * 60 + added.second - (this.offset ?? 0);
  }

  private toWeekDay(time: number, zone: string): number {
    const [wanted, direction] = this.weekDay as [number, number];
    const ahead = (wanted - fieldsAt(time, zone).weekDay + 7) % 7;
    if (direction > 0) return ahead === 0 ? 7 : ahead;
    return direction < 0 ? ahead - 7 : ahead;
  }
}

/** The time that a text means; false where it is none of those that are known. */
export function parseTime(s: string, base: number, zone: string): number | false {
  try {
    return new TimeText(s, base, zone).result();
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
