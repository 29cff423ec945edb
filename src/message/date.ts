// Dates of header fields (RFC 5322 3.3). Written in UTC, which hides the location of the node and equals the time of its log lines.

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const written =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\s*,)?\s*(\d{1,2})\s+([A-Za-z]{3})\s+(\d{2,4})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s+([+-]\d{4}|[A-Z]{1,4})\s*$/i

/** Minutes east of UTC of the obsolete zone names (RFC 5322 4.3); any other name means an unknown zone, read as UTC. */
const zones: Readonly<Record<string, number>> = {
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
}

/** The last date that was written: the trace fields of a second share it. */
let last = { second: Number.NaN, text: '' }

/** Unix milliseconds as `Sat, 21 Nov 2026 00:00:00 +0000`. */
export function formatDate(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== last.second) last = { second, text: writeDate(new Date(ms)) }
  return last.text
}

function writeDate(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
}

/** Reads a date with its obsolete forms (two-digit years, named zones, comments); unix milliseconds, or null for another text. */
export function parseDate(text: string): number | null {
  const match = written.exec(text.replace(/\([^()]*\)/g, ' ').trim())
  if (!match) return null
  const [day, year, hour, minute, second] = [match[1], match[3], match[4], match[5], match[6] ?? '0'].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ]
  const month = months.findIndex((name) => name.toLowerCase() === (match[2] as string).toLowerCase())
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return null
  const utc = Date.UTC(fullYear(year, match[3] as string), month, day, hour, minute, second)
  // Date.UTC turns 31 February into a day in March.
  if (day < 1 || new Date(Date.UTC(2000 + (year % 4), month, day)).getUTCMonth() !== month) return null
  return utc - zoneMinutes(match[7] as string) * 60_000
}

/** RFC 5322 4.3: two digits below 50 mean 2000 to 2049; other years of two digits and all of three digits count from 1900. */
function fullYear(year: number, text: string): number {
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year
  return text.length === 3 ? 1900 + year : year
}

function zoneMinutes(zone: string): number {
  if (!/^[+-]/.test(zone)) return zones[zone.toUpperCase()] ?? 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3))
  return zone.startsWith('-') ? -minutes : minutes
}
