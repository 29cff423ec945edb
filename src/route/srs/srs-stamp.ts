// The time stamp of an SRS0 address: two base32 characters that count days modulo 1024.

/** Queue lifetimes of slow hosts and a margin; the default of all implementations. */
const DEFAULT_MAX_AGE_DAYS = 21
/** Clocks of nodes may differ around midnight. */
const CLOCK_TOLERANCE_DAYS = 1

const DAY = 86_400_000
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
/** Two base32 characters hold ten bits. */
const PERIOD = 1024

/** The stamp of the day of `at` (unix milliseconds). */
export function makeStamp(at: number): string {
  const day = today(at)
  return `${alphabet[day >> 5]}${alphabet[day & 31]}`
}

/** Checks a stamp at `at`. The counter wraps every 1024 days, so half of that separates old stamps from future ones. */
export function checkStamp(
  stamp: string,
  at: number,
  maxAgeDays: number = DEFAULT_MAX_AGE_DAYS,
): 'valid' | 'expired' | 'from the future' | 'malformed' {
  const high = alphabet.indexOf(stamp.charAt(0).toUpperCase() || ' ')
  const low = alphabet.indexOf(stamp.charAt(1).toUpperCase() || ' ')
  if (stamp.length !== 2 || high < 0 || low < 0) return 'malformed'
  const age = (today(at) - (high * 32 + low) + PERIOD) % PERIOD
  if (age <= maxAgeDays || age >= PERIOD - CLOCK_TOLERANCE_DAYS) return 'valid'
  return age > PERIOD / 2 ? 'from the future' : 'expired'
}

function today(at: number): number {
  // Before 1970 the number of days is negative, and so is the remainder.
  return ((Math.floor(at / DAY) % PERIOD) + PERIOD) % PERIOD
}
