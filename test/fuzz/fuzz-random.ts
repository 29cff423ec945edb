// Random numbers that a seed repeats (mulberry32).

export interface FuzzRandom {
  /** An integer from 0 to `below` - 1. */
  below(below: number): number
  /** One of these. */
  pick<T>(choices: readonly T[]): T
}

export function createRandom(seed: number): FuzzRandom {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return { below, pick: (choices) => choices[below(choices.length)] as (typeof choices)[number] }
}

/** A seed for one target, so that targets do not share their inputs. */
export function seedFor(name: string, seed: number): number {
  let hash = seed | 0
  for (const octet of Buffer.from(name)) hash = Math.imul(hash ^ octet, 0x01000193)
  return hash
}

/** Cuts a buffer at up to `most` random places; together the parts are the buffer. */
export function cut(input: Buffer, random: FuzzRandom, most: number): readonly Buffer[] {
  const places = Array.from({ length: 1 + random.below(most) }, () => random.below(input.length + 1))
  const sorted = [0, ...places.toSorted((a, b) => a - b), input.length]
  return sorted.slice(1).map((end, part) => Buffer.from(input.subarray(sorted[part], end)))
}
