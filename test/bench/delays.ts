// Percentiles of the waits that a loader measures.

export interface Delays {
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** NaN without measurements. */
export function delaysOf(measured: readonly number[]): Delays {
  const sorted = measured.toSorted((a, b) => a - b)
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}
