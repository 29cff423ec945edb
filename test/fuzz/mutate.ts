// Changes an input a little: octets, pieces of it, words of its format, and pieces of other inputs.

import type { FuzzRandom } from './fuzz-random.ts'

export interface Mutation {
  readonly random: FuzzRandom
  /** Words of the format. */
  readonly words: readonly string[]
  /** Other inputs, to take pieces from. */
  readonly others: readonly Buffer[]
  /** Octets of the result. */
  readonly most: number
}

/** Octets at which parsers decide. */
const special = [0, 9, 10, 13, 32, 34, 40, 41, 43, 44, 46, 58, 60, 61, 62, 64, 91, 92, 93, 127, 128, 0xc2, 0xff]
const MOST_CHANGES = 6
const LONGEST_PIECE = 64
const LONGEST_RUN = 300

type Change = (input: Buffer, mutation: Mutation) => Buffer

const changes: readonly Change[] = [
  (input, { random }) => replace(input, random.below(input.length + 1), 1, Buffer.from([random.below(256)])),
  (input, { random }) => replace(input, random.below(input.length + 1), 1, Buffer.from([random.pick(special)])),
  (input, { random }) => replace(input, random.below(input.length + 1), 0, Buffer.from([random.pick(special)])),
  (input, { random }) => replace(input, random.below(input.length + 1), 1 + random.below(LONGEST_PIECE), none),
  (input, { random }) => input.subarray(0, random.below(input.length + 1)),
  (input, { random, words }) => replace(input, random.below(input.length + 1), 0, word(random, words)),
  (input, { random, words }) => replace(input, random.below(input.length + 1), random.below(16), word(random, words)),
  // A piece of it again, somewhere else.
  (input, { random }) => replace(input, random.below(input.length + 1), 0, piece(input, random)),
  (input, { random, others }) => replace(input, random.below(input.length + 1), 0, piece(random.pick(others), random)),
  (input, { random, others }) => {
    const other = random.pick(others)
    return Buffer.concat([
      input.subarray(0, random.below(input.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ])
  },
  // A long run of one octet or word.
  (input, { random, words }) => {
    const run = Buffer.from((random.below(2) === 0 ? random.pick(words) : 'a').repeat(1 + random.below(LONGEST_RUN)))
    return replace(input, random.below(input.length + 1), 0, run)
  },
]

const none = Buffer.alloc(0)

export function mutate(input: Buffer, mutation: Mutation): Buffer {
  const { random, most } = mutation
  let result = input
  for (let left = 1 + random.below(MOST_CHANGES); left > 0; left--) result = random.pick(changes)(result, mutation)
  return Buffer.from(result.subarray(0, most))
}

function replace(input: Buffer, at: number, count: number, by: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), by, input.subarray(at + count)])
}

function piece(input: Buffer, random: FuzzRandom): Buffer {
  const start = random.below(input.length + 1)
  return input.subarray(start, start + 1 + random.below(LONGEST_PIECE))
}

function word(random: FuzzRandom, words: readonly string[]): Buffer {
  return Buffer.from(random.pick(words), 'latin1')
}
