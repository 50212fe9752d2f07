// Time zones, through what the engine knows of them.

export interface Fields {
  time: number;
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  weekDay: number;
  yearDay: number;
  offset: number;
  isSummer: boolean;
  zone: string;
  abbreviation: string;
}

// PHP's default is UTC, whatever TZ says.
let zone = 'UTC';

export function zoneName(): string {
  return zone;
}

/** False where nobody knows the zone. */
export function setZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
  } catch {
    return false;
  }
  zone = name;
  return true;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(name: string): Intl.DateTimeFormat {
  const known = formats.get(name);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  });
  formats.set(name, made);
  return made;
}

/** The seconds that a zone is before UTC at a time. */
export function offsetAt(time: number, name: string): number {
  if (name === 'UTC') return 0;
  const parts = Object.fromEntries(
    formatOf(name)
      .formatToParts(time * 1000)
      .map(({ type, value }) => [type, value]),
  );
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year);
  const local = Date.UTC(
    year,
    Number(parts.month) - 1,
    Number(parts.day),
    Number(parts.hour),
    Number(parts.minute),
    Number(parts.second),
  );
  return Math.round(local / 1000 - time);
}

function abbreviationOf(time: number, name: string): string {
  if (name === 'UTC') return 'UTC';
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'short' }).formatToParts(time * 1000);
  const found = parts.find(({ type }) => type === 'timeZoneName')?.value ?? name;
  const european: Record<string, [string, string]> = { 'Europe/London': ['GMT', 'BST'] };
  const central = ['CET', 'CEST'] as const;
  const own = european[name] ?? (/^Europe\//.test(name) && /^GMT\+[12]$/.test(found) ? central : undefined);
  if (own === undefined) return found;
  return own[
    offsetAt(time, name) === offsetAt(Date.UTC(new Date(time * 1000).getUTCFullYear(), 0, 1) / 1000, name) ? 0 : 1
  ];
}

export function fieldsAt(time: number, name: string): Fields {
  const offset = offsetAt(time, name);
  const local = new Date((time + offset) * 1000);
  const year = local.getUTCFullYear();
  const winter = Math.min(offsetAt(Date.UTC(year, 0, 1) / 1000, name), offsetAt(Date.UTC(year, 6, 1) / 1000, name));
  return {
    time,
    year,
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    weekDay: local.getUTCDay(),
    yearDay: Math.floor((Date.UTC(year, local.getUTCMonth(), local.getUTCDate()) - Date.UTC(year, 0, 1)) / 86400000),
    offset,
    isSummer: offset > winter,
    zone: name,
    abbreviation: abbreviationOf(time, name),
  };
}

/** The time of a local date; parts beyond their range count on. */
export function timeOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  name: string,
): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const local = date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
  const first = local - offsetAt(local, name);
  const again = local - offsetAt(first, name);
  // In the hour that does not exist the clock has been put forward.
  return again + offsetAt(again, name) === local ? again : local - offsetAt(again - 86400, name);
}
