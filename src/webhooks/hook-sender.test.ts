import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeClock, type FakeClock } from '../../test/lib/fake-clock.ts'
import type { QueuedHook } from '../state/webhook-contract.ts'
import { createHookSender, type HookReport, type HookSender } from './hook-sender.ts'
import type { HookResult } from './hook-target.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND

let clock: FakeClock
let waiting: QueuedHook[]
let sent: string[]
let reports: HookReport[]
let answer: (body: string) => Promise<HookResult>
let sender: HookSender

beforeEach(() => {
  clock = createFakeClock()
  ;[waiting, sent, reports] = [[], [], []]
  answer = async () => ({ kind: 'delivered' })
  sender = createHookSender('ops', {
    queue: {
      next: async () => waiting[0] ?? null,
      finish: async (id) => {
        waiting = waiting.filter((one) => one.id !== id)
      },
    },
    clock,
    send: (body) => {
      sent.push(body)
      return answer(body)
    },
    report: (one) => reports.push(one),
  })
})

const add = (...bodies: string[]) => {
  for (const body of bodies) waiting.push({ id: waiting.length + 1, key: body, at: clock.now(), body })
  sender.due()
  return clock.advance(0)
}
const failing = async (): Promise<HookResult> => ({ kind: 'failed', cause: 'the server answered 500' })

describe('a target', () => {
  it('gets events in their order, one at a time', async () => {
    const gate = Promise.withResolvers<HookResult>()
    answer = () => gate.promise
    await add('a', 'b')
    expect(sent).toEqual(['a'])
    answer = async () => ({ kind: 'delivered' })
    gate.resolve({ kind: 'delivered' })
    await clock.advance(0)
    await add('c')
    expect([sent, waiting]).toEqual([['a', 'b', 'c'], []])
  })

  it('that fails is tried again later and later, at most every ten minutes, and keeps the order', async () => {
    answer = failing
    await add('a', 'b')
    for (let i = 0; i < 9; i++) await clock.advance(10 * 60 * SECOND)
    expect(reports.map((one) => (one.kind === 'failed' ? one.inMs / SECOND : one.kind)).slice(0, 9)).toEqual([
      5, 10, 20, 40, 80, 160, 320, 600, 600,
    ])
    expect(new Set(sent)).toEqual(new Set(['a']))
    expect(sender.trouble).toMatchObject({ since: 0, cause: 'the server answered 500' })
    answer = async () => ({ kind: 'delivered' })
    await clock.advance(10 * 60 * SECOND)
    expect([waiting, sender.trouble]).toEqual([[], null])
    answer = failing
    await add('c')
    expect(reports.at(-1)).toMatchObject({ kind: 'failed', failures: 1, inMs: 5 * SECOND })
  })

  it('does not get what is older than three days', async () => {
    answer = failing
    await add('old')
    await clock.advance(73 * HOUR)
    answer = async () => ({ kind: 'delivered' })
    await add('new')
    await clock.advance(HOUR)
    expect(reports.slice(-2).map(({ kind }) => kind)).toEqual(['given-up', 'delivered'])
    expect(sent.at(-1)).toBe('new')
  })

  it('keeps what was being sent when the node stops', async () => {
    const gate = Promise.withResolvers<HookResult>()
    answer = () => gate.promise
    await add('a')
    sender.close()
    gate.resolve({ kind: 'delivered' })
    await clock.advance(HOUR)
    expect([waiting.length, sent.length]).toEqual([1, 1])
  })
})
