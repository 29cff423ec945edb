// Reads the end of an entry: a last day, or a point in time.

import type { ProblemList } from '../data-problem.ts'
import type { Located } from '../located.ts'
import { describeLocated, textOf } from '../located.ts'

const DAY_MS = 86_400_000
const pattern = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(Z|[+-]\d\d:\d\d))?$/

/** Unix milliseconds of the end: of a day, its end in UTC. Null, with a problem reported, for other values. */
export function readUntil(problems: ProblemList, value: Located): number | null {
  const text = textOf(value)?.trim() ?? ''
  const [, day = '', time, zone] = pattern.exec(text) ?? []
  const start = Date.parse(`${day}T00:00:00Z`)
  // Date.parse takes February 30 for March 2.
  const isDay = !Number.isNaN(start) && new Date(start).toISOString().startsWith(day)
  const end = time === undefined ? start + DAY_MS : Date.parse(`${day}T${time}${zone}`)
  if (day !== '' && isDay && !Number.isNaN(end)) return end
  problems.error(
    value.place,
    `expected a last day such as 2026-12-31 (UTC), or a time such as 2026-12-31T12:00Z, found ${describeLocated(value)}`,
  )
  return null
}
