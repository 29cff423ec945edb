// When a weekly digest is due, in the time zone of the node.

export const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

export interface DigestTime {
  readonly day: (typeof weekdays)[number]
  /** Hour and minute by the clock on the wall of the node. */
  readonly hour: number
  readonly minute: number
}

const WEEK_DAYS = 7

/** The last time at or before `now` at which a digest was due; all unix milliseconds. A day with a change of the clock has its own length. */
export function lastDue({ day, hour, minute }: DigestTime, now: number): number {
  const date = new Date(now)
  const back = (date.getDay() - weekdays.indexOf(day) + WEEK_DAYS) % WEEK_DAYS
  const at = (days: number) =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate() - days, hour, minute).getTime()
  return at(back) <= now ? at(back) : at(back + WEEK_DAYS)
}

/** The due time a week before a due time. */
export function weekBefore(time: DigestTime, due: number): number {
  return lastDue(time, due - 1)
}
