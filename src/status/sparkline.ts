// Small drawings of numbers over time as inline SVG, with a text for readers that cannot see them.

import { type Html, html } from '../lib/html.ts'

export interface Sparkline {
  /** The oldest first; null is not known. */
  readonly values: readonly (number | null)[]
  /** What a screen reader says. */
  readonly label: string
  /** Class of the colour: `good`, `bad`, `warn` or `plain`. */
  readonly tone?: 'good' | 'bad' | 'warn' | 'plain'
}

const WIDTH = 120
const HEIGHT = 28
/** Half of the stroke of a line. */
const MARGIN = 1.5
/** More points than this are finer than a pixel. */
const MOST_POINTS = 60

/** A line over a filled area. Zero is the bottom, and a quiet series stays at the bottom. */
export function sparkline({ values, label, tone = 'plain' }: Sparkline): Html {
  const points = grouped(values)
  const most = Math.max(1, ...points.map((value) => value ?? 0))
  const step = WIDTH / Math.max(1, points.length - 1)
  const xy = points.map((value, index): readonly [number, number] | null =>
    value === null ? null : [round(index * step), round(HEIGHT - MARGIN - (value / most) * (HEIGHT - 2 * MARGIN))],
  )
  const known = xy.filter((one) => one !== null)
  const [first, last] = [known[0], known.at(-1)]
  const line = known.map(([x, y]) => `${x},${y}`).join(' ')
  return html`<svg class="spark ${tone}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">${
    first !== undefined &&
    last !== undefined &&
    html`<polygon points="${first[0]},${HEIGHT} ${line} ${last[0]},${HEIGHT}"/><polyline points="${line}"/>`
  }</svg>`
}

/** Sums of neighbours, so that a day fits. */
function grouped(values: readonly (number | null)[]): readonly (number | null)[] {
  const size = Math.ceil(values.length / MOST_POINTS)
  if (size <= 1) return values
  return Array.from({ length: Math.ceil(values.length / size) }, (_, index) => {
    const part = values.slice(index * size, (index + 1) * size).filter((one) => one !== null)
    return part.length === 0 ? null : part.reduce((sum, one) => sum + one, 0)
  })
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** A bar of parts, such as delivered, deferred and failed. The numbers are beside it in the table. */
export function bar(parts: readonly { readonly value: number; readonly tone: 'good' | 'warn' | 'bad' }[]): Html | null {
  const total = parts.reduce((sum, { value }) => sum + value, 0)
  if (total === 0) return null
  let from = 0
  const drawn = parts.map(({ value, tone }) => {
    const x = from
    from += (value / total) * 100
    return html`<rect class="${tone}" x="${round(x)}" width="${round(from - x)}" height="8"/>`
  })
  return html`<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${drawn}</svg>`
}
