// A curve as one line of text: each character is the mean of a part of the time.

const STEPS = '▁▂▃▄▅▆▇█'

export interface Point {
  readonly at: number
  readonly value: number
}

/** Heights between 0 and the largest value; a part without points is a space. */
export function curve(points: readonly Point[], width: number): string {
  const known = points.filter(({ value }) => !Number.isNaN(value))
  const end = Math.max(...known.map(({ at }) => at))
  const parts = Map.groupBy(known, ({ at }) => Math.min(width - 1, Math.floor((at / end) * width)))
  const means = Array.from({ length: width }, (_, place) => {
    const part = parts.get(place)
    return part === undefined ? Number.NaN : part.reduce((sum, { value }) => sum + value, 0) / part.length
  })
  const top = Math.max(...means.filter((mean) => !Number.isNaN(mean)))
  return means
    .map((mean) =>
      Number.isNaN(mean) ? ' ' : STEPS[Math.min(STEPS.length - 1, Math.floor((mean / top) * STEPS.length))],
    )
    .join('')
}
