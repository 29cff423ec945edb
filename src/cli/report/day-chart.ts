// Days as a chart of text: a bar for each, with the bad part at its end.

import type { Day } from '../../reports/store/report-access.ts'

const WIDTH = 50

/** Lines such as `2026-11-28     1200  ########!!`; `!` are bad ones, and each number above zero has one mark at least. */
export function dayChart(days: readonly Day[]): readonly string[] {
  const most = Math.max(1, ...days.map(({ good, bad }) => good + bad))
  const width = String(most).length
  const marks = (number: number) => (number === 0 ? 0 : Math.max(1, Math.round((number / most) * WIDTH)))
  return days.map(({ day, good, bad }) =>
    `${day}  ${String(good + bad).padStart(width)}  ${'#'.repeat(marks(good))}${'!'.repeat(marks(bad))}`.trimEnd(),
  )
}
