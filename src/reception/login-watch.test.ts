import { afterEach, beforeEach, expect, it } from 'vitest'
import { sampleSession } from '../../test/lib/check-facts.ts'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { Origin } from '../smtp/origin.ts'
import { createLoginWatch } from './login-watch.ts'

const lee: Origin = { kind: 'user', identity: 'lee' }
let clock: ReturnType<typeof createFakeClock>
let stops: AsyncDisposableStack
let bugs: unknown[]
beforeEach(() => {
  clock = createFakeClock()
  stops = new AsyncDisposableStack()
  bugs = []
})
afterEach(() => stops.disposeAsync())

function setup(origin: Origin | null = lee) {
  const closing = new AbortController()
  const session = sampleSession({ origin, closed: closing.signal })
  const watch = createLoginWatch(clock, { log: { bug: (error) => void bugs.push(error) }, stops })
  let asked = 0
  let cause: string | null = null
  watch.watch(session, lee, () => {
    asked++
    return cause
  })
  return { session, watch, closing, asked: () => asked, end: (why: string) => (cause = why) }
}

it('ends a session within seconds after its proof has ended', async () => {
  const { session, watch, end } = setup()
  await clock.advance(10_000)
  expect(watch.ended(session)).toBeNull()
  end('the password of user:lee changed')
  await clock.advance(2000)
  expect(watch.ended(session)).toMatchObject({
    code: 421,
    enhanced: '4.7.0',
    cause: expect.stringContaining('changed'),
  })
})

it('does not ask about a session that has ended, or that has another origin now', async () => {
  const closed = setup()
  closed.closing.abort()
  const other = setup({ kind: 'user', identity: 'lee' })
  other.end('changed')
  await clock.advance(10_000)
  expect([closed.asked(), other.asked()]).toEqual([0, 0])
  expect(other.watch.ended(other.session)).toBeNull()
})

it('keeps the sessions if a check fails, and tries again', async () => {
  const { session, watch } = setup()
  watch.watch(session, lee, () => Promise.reject(new Error('a bug')))
  await clock.advance(4000)
  expect(watch.ended(session)).toBeNull()
  expect(bugs).toHaveLength(2)
})

it('stops with the node', async () => {
  const { asked } = setup()
  await stops.disposeAsync()
  await clock.advance(10_000)
  expect(asked()).toBe(0)
})
