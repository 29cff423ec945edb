// Runs a target with the inputs of its corpus, then with changed ones. The same seed and number of runs give the same inputs.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createRandom, type FuzzRandom, seedFor } from './fuzz-random.ts'
import type { FuzzTarget, OpenTarget } from './fuzz-target.ts'
import { mutate } from './mutate.ts'

export interface FuzzOptions {
  readonly seed: number
  /** Whether to continue, asked after each run. */
  readonly more: (runs: number) => boolean
  /** Called before each run. */
  readonly before?: (input: Buffer) => void
}

export interface FuzzResult {
  readonly runs: number
  /** Kinds of inputs that were seen. */
  readonly kinds: number
  /** Inputs of a kind that the corpus does not have. */
  readonly fresh: readonly Buffer[]
  readonly found: Found | null
}

export interface Found {
  readonly input: Buffer
  readonly error: string
}

const corpus = join(import.meta.dirname, 'corpus')
/** Inputs that are kept and changed further. */
const MOST_KEPT = 2000
/** Kinds that are remembered. */
const MOST_KINDS = 200_000
/** Runs to make an input that was found smaller. */
const SHRINK_RUNS = 400

/** The inputs of a target, in the order of their names. */
export function corpusOf({ name }: FuzzTarget): readonly Buffer[] {
  const folder = join(corpus, name)
  return readdirSync(folder)
    .toSorted()
    .map((file) => readFileSync(join(folder, file)))
}

/** Adds inputs to the corpus, named by their content. */
export function keepInputs({ name }: FuzzTarget, inputs: readonly Buffer[]): void {
  mkdirSync(join(corpus, name), { recursive: true })
  for (const input of inputs) {
    const file = createHash('sha256').update(input).digest('hex').slice(0, 12)
    writeFileSync(join(corpus, name, file), input)
  }
}

export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const open = await target.open()
  try {
    return await search(target, open, options)
  } finally {
    await open.close?.()
  }
}

async function search(target: FuzzTarget, open: OpenTarget, { seed, more, before }: FuzzOptions): Promise<FuzzResult> {
  const random = createRandom(seedFor(target.name, seed))
  const given = corpusOf(target)
  const kept: Buffer[] = []
  const fresh: Buffer[] = []
  /** As hashes: the names of all kinds would take more memory than the parsers. */
  const kinds = new Set<number>()
  let runs = 0
  do {
    const first = given[runs]
    const { words, most } = target
    const input = first ?? mutate(random.pick(kept), { random, words, most, others: kept })
    before?.(input)
    const runSeed = random.below(2 ** 32)
    const result = await attempt(open, input, runSeed)
    runs++
    if ('error' in result) return { runs, kinds: kinds.size, fresh, found: await shrink(open, result, runSeed) }
    const kind = seedFor(result.kind, 0)
    const isNew = !kinds.has(kind) && kinds.size < MOST_KINDS
    if (isNew) kinds.add(kind)
    if (first || (isNew && kept.length < MOST_KEPT)) kept.push(input)
    if (!first && isNew && fresh.length < MOST_KEPT) fresh.push(input)
  } while (runs < given.length || more(runs))
  return { runs, kinds: kinds.size, fresh, found: null }
}

async function attempt(open: OpenTarget, input: Buffer, seed: number): Promise<Found | { readonly kind: string }> {
  const random: FuzzRandom = createRandom(seed)
  try {
    return { kind: await open.run(Buffer.from(input), random) }
  } catch (error) {
    return { input, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** Removes pieces as long as something is still found. */
async function shrink(open: OpenTarget, found: Found, seed: number): Promise<Found> {
  let best = found
  let runs = 0
  for (let size = Math.ceil(found.input.length / 2); size >= 1 && runs < SHRINK_RUNS; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.input.length && runs < SHRINK_RUNS; runs++) {
      const smaller = Buffer.concat([best.input.subarray(0, at), best.input.subarray(at + size)])
      const result = await attempt(open, smaller, seed)
      if ('error' in result) best = result
      else at += size
    }
  }
  return best
}
