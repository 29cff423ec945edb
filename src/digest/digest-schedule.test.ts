import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lastDue, weekBefore } from './digest-schedule.ts'

const monday = { day: 'monday', hour: 7, minute: 30 } as const
const before = process.env['TZ']
beforeAll(() => {
  process.env['TZ'] = 'Europe/Vienna'
})
afterAll(() => {
  if (before === undefined) delete process.env['TZ']
  else process.env['TZ'] = before
})

const due = (now: string) => new Date(lastDue(monday, Date.parse(now))).toISOString()

describe('the last due time', () => {
  it.each([
    ['on the day, after the hour', '2026-11-23T06:30:00Z', '2026-11-23T06:30:00.000Z'],
    ['on the day, before the hour', '2026-11-23T06:29:59Z', '2026-11-16T06:30:00.000Z'],
    ['later in the week', '2026-11-29T12:00:00Z', '2026-11-23T06:30:00.000Z'],
    ['in summer', '2026-07-15T12:00:00Z', '2026-07-13T05:30:00.000Z'],
    ['after the end of summer time', '2026-10-26T06:30:00Z', '2026-10-26T06:30:00.000Z'],
    ['in a new year', '2027-01-01T12:00:00Z', '2026-12-28T06:30:00.000Z'],
  ])('%s', (_when, now, wanted) => {
    expect(due(now)).toBe(wanted)
  })

  it('has a week before it, also over a change of the clock', () => {
    const after = Date.parse('2026-10-26T06:30:00Z')
    expect(new Date(weekBefore(monday, after)).toISOString()).toBe('2026-10-19T05:30:00.000Z')
  })
})
