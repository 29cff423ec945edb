import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createSessions } from './sessions.ts'

const MINUTE = 60_000

function start() {
  const clock = createFakeClock()
  const places = createBudgets(clock).pool('pageSessions')
  const sessions = createSessions(places, clock)
  const ended = { cause: null as string | null }
  const open = (identity = 'lee', stage: 'code' | 'open' = 'open') =>
    sessions.open({ identity, stage, whyEnded: () => ended.cause }) ?? ''
  return { clock, sessions, ended, open }
}

it('finds a session by its token only, and ends it', async () => {
  const { sessions, open } = start()
  const [token, other] = [open(), open('kim')]
  expect(token).toMatch(/^[\w-]{43}$/)
  expect(await sessions.find(token)).toMatchObject({ identity: 'lee', stage: 'open', newFactor: null })
  expect(await sessions.find('x')).toBeNull()
  sessions.end(token)
  expect([await sessions.find(token), (await sessions.find(other))?.identity]).toEqual([null, 'kim'])
})

it('ends without use, at its end although it is used, and the one without a code earlier', async () => {
  const { clock, sessions, open } = start()
  const [idle, used, code] = [open(), open(), open('lee', 'code')]
  for (let minutes = 0; minutes < 120; minutes += 10) {
    if (minutes === 10) expect(await sessions.find(code)).toBeNull()
    expect((await sessions.find(used))?.identity).toBe('lee')
    await clock.advance(10 * MINUTE)
  }
  expect([await sessions.find(idle), await sessions.find(used)]).toEqual([null, null])
})

it('ends what the sign-in proved no more, and all of a person', async () => {
  const { sessions, ended, open } = start()
  const [first, second, other] = [open(), open(), open('kim')]
  sessions.endAll('lee')
  expect([await sessions.find(first), await sessions.find(second)]).toEqual([null, null])
  ended.cause = 'the password of user:kim changed'
  expect(await sessions.find(other)).toBeNull()
  ended.cause = null
  expect(await sessions.find(other)).toBeNull()
})

it('has a few for a person, the oldest gives way, and a bounded number for all', async () => {
  const { sessions, open } = start()
  const [first, ...tokens] = Array.from({ length: 5 }, () => open())
  expect(await sessions.find(first as string)).toBeNull()
  for (const token of tokens) expect(await sessions.find(token)).not.toBeNull()
  for (let number = 0; number < 2000; number++) open(`user${number}`)
  expect(sessions.open({ identity: 'late', stage: 'open', whyEnded: () => null })).toBeNull()
  sessions.endAll('lee')
  expect(open('late')).not.toBe('')
})
