const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `30s`, `5m`, `2h` or `1d`; undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(text.trim()) ?? [];
  return unit === undefined ? undefined : Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** How long something took: `0.4 s`, `41 s`, `2 min 5 s`, `3 h 12 min`. */
export function elapsed(ms: number): string {
  if (ms < 9_950) return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

/** `in 34 s`, or `is due`: the rule that fires ticks comes by once a minute. */
export function dueIn(at: string, now = Date.now()): string {
  const ms = Date.parse(at) - now;
  return ms < 500 ? 'is due' : `in ${coarse(ms)}`;
}

/** `12 s ago`, or `now`. */
export function sinceThen(at: string, now = Date.now()): string {
  const ms = now - Date.parse(at);
  return ms < 2_000 ? 'now' : `${coarse(ms)} ago`;
}

/** The time of day in the machine's own time zone, and the date where it is another day's: `22:45:12`. */
export function clock(at: string, now = new Date()): string {
  const time = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const hours = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return time.toDateString() === now.toDateString() ? hours : `${day} ${hours}`;
}

function coarse(ms: number): string {
  return elapsed(Math.max(10_000, ms)) === '10 s' ? `${Math.round(ms / 1_000)} s` : elapsed(ms);
}
