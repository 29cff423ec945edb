// Judges whether memory, files and the delay of the event loop grow over the life of a process: the median of an early window, after the warm-up,
// against that of the last window of the same length.

import { medianOf } from '../bench/median.ts'
import type { Sample } from './samples.ts'

export interface Growth {
  readonly node: 'mx' | 'srs'
  readonly what: Measured
  readonly early: number
  readonly late: number
  /** What `late` may be at most. */
  readonly most: number
}

type Measured = 'rssMiB' | 'pssMiB' | 'heapMiB' | 'files' | 'lagMs'

/** What a value may grow by: a factor, and an amount for small values. */
interface Allowance {
  readonly factor: number
  readonly plus: number
}

/**
 * Memory: a tenth, and 16 MiB. Maps of clients, addresses and DNS answers fill up to their budgets within the hour, and V8 lets garbage wait; a leak
 * of 100 octets a message would be 75 MB in the last three quarters of a million. Files: one more connection for each session and slot may be open
 * in one window than in the other, never more than a quarter. Delay: twice,
 * because other programs use the machine.
 */
export const ALLOWED_GROWTH: Readonly<Record<Measured, Allowance>> = {
  rssMiB: { factor: 1.1, plus: 16 },
  pssMiB: { factor: 1.1, plus: 16 },
  heapMiB: { factor: 1.1, plus: 16 },
  files: { factor: 1.25, plus: 20 },
  lagMs: { factor: 2, plus: 50 },
}

/** A window, s: minutes 10 to 20 of a process against its last ten minutes. */
const WINDOW = 600
/** Of a process that is younger than three windows, a window is this part of its age. */
const PART = 6
/** A younger process still warms up, s: nothing is judged. */
export const YOUNGEST = 300

/** The growth of the last process of each node; empty for processes that are too young. */
export function growthOf(samples: readonly Sample[]): Growth[] {
  return (['mx', 'srs'] as const).flatMap((node) => {
    const own = samples.filter((sample) => sample.node === node)
    const pid = own.at(-1)?.pid
    const life = own.filter((sample) => sample.pid === pid)
    const age = life.at(-1)?.age ?? 0
    if (age < YOUNGEST) return []
    const window = Math.min(WINDOW, age / PART)
    const early = life.filter((sample) => sample.age >= window && sample.age < 2 * window)
    const late = life.filter((sample) => sample.age >= age - window)
    return (Object.keys(ALLOWED_GROWTH) as Measured[]).map((what) => {
      const before = medianIn(early, what)
      const { factor, plus } = ALLOWED_GROWTH[what]
      return { node, what, early: before, late: medianIn(late, what), most: before * factor + plus }
    })
  })
}

/** One line for each value that grows; a value that was never read is one too. */
export function growing(growths: readonly Growth[]): string[] {
  return growths
    .filter(({ late, most }) => !(late <= most))
    .map(
      ({ node, what, early, late, most }) =>
        `${node}: ${what} grows from ${early.toFixed(1)} to ${late.toFixed(1)}, limit ${most.toFixed(1)}`,
    )
}

function medianIn(samples: readonly Sample[], what: Measured): number {
  return medianOf(samples.map((sample) => sample[what]).filter((value) => !Number.isNaN(value)))
}
