// What a series of kills came to: numbers for people, and every promise that was broken.

export interface KillReport {
  /** What was killed. */
  readonly name: string
  readonly kills: number
  readonly counts: Readonly<Record<string, number>>
  /** Empty if every promise was kept. */
  readonly broken: readonly string[]
}

/** One line. */
export function reportLine({ name, kills, counts, broken }: KillReport): string {
  const numbers = Object.entries(counts).map(([what, count]) => `${count} ${what}`)
  return `${name}: ${kills} kills, ${numbers.join(', ')}; ${broken.length === 0 ? 'every promise kept' : 'BROKEN'}`
}

/** How often each key comes. */
export function countBy<T>(items: Iterable<T>, key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}
