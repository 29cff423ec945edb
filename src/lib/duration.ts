// Durations as written in the configuration (`90s`, `5m`, `1h30m`, `5d`), converted to and from milliseconds.

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

const written = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/

/** Reads one or more numbers with units, largest unit first, without spaces. Milliseconds, or null if it is no duration. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0
  const match = text === '' ? null : written.exec(text)
  if (!match) return null
  const total = units.reduce((sum, [, size], i) => sum + Number(match[i + 1] ?? 0) * size, 0)
  return Number.isSafeInteger(total) ? total : null
}

/** Writes whole non-negative milliseconds in the shortest form that `parseDuration` reads back to the same number. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size)
    rest -= count * size
    if (count > 0) text += `${count}${unit}`
  }
  return text
}
