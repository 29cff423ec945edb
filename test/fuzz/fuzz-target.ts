// The contract of a fuzz target. A target is one file in targets/, one line in fuzz-targets.ts, and a folder of inputs in corpus/.

import type { FuzzRandom } from './fuzz-random.ts'

export interface FuzzTarget {
  /** As the folder of its corpus. */
  readonly name: string
  /** What holds for every input, for the page. */
  readonly holds: string
  readonly words: readonly string[]
  /** Octets of an input. */
  readonly most: number
  open(): Promise<OpenTarget> | OpenTarget
}

export interface OpenTarget {
  /**
   * Runs one input and throws if something does not hold.
   * @returns what kind of input it was: an input of a new kind is kept and changed further
   */
  run(input: Buffer, random: FuzzRandom): Promise<string> | string
  close?(): Promise<void>
}

/** Throws an error with both values if they differ. */
export function same(what: string, first: unknown, second: unknown): void {
  const [one, two] = [JSON.stringify(first), JSON.stringify(second)]
  if (one !== two) throw new Error(`${what} differ: ${one?.slice(0, 500)} and ${two?.slice(0, 500)}`)
}
