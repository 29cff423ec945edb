// The board keeps the last answers: few questions for many viewers, and no viewer waits for a slow node beyond the limit.

import { describe, expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { sampleStatus } from '../../test/lib/sample-status.ts'
import { createFleetBoard, LOOK_MS } from './fleet-board.ts'
import type { FleetNodeStatus } from './fleet-client.ts'

const answer: FleetNodeStatus = {
  name: 'a',
  told: { kind: 'answer', value: sampleStatus({ node: 'a' }) },
  clockAheadMs: 3,
}
const refusal: FleetNodeStatus = { name: 'a', told: { kind: 'error', cause: 'ECONNREFUSED' }, clockAheadMs: null }

function node(name: string, answers: () => Promise<FleetNodeStatus>) {
  let asked = 0
  const source = {
    name,
    role: 'mx',
    status: () => {
      asked++
      return answers()
    },
  }
  return { source, asked: () => asked }
}

describe('the board', () => {
  it('asks once for all viewers, and again when the answer is old', async () => {
    const clock = createFakeClock()
    const a = node('a', async () => answer)
    const board = createFleetBoard([a.source], clock)
    const seen = await Promise.all([board.look(), board.look(), board.look()])
    expect(seen[2]).toMatchObject([{ name: 'a', ageMs: 0, problem: null, clockAheadMs: 3, status: { role: 'mx' } }])
    await board.look()
    expect(a.asked()).toBe(1)
    await clock.advance(4001)
    await board.look()
    expect(a.asked()).toBe(2)
  })

  it('waits for a slow node no longer than the limit, shows the others, and asks it no second question before the first ends', async () => {
    const clock = createFakeClock()
    const gate = Promise.withResolvers<FleetNodeStatus>()
    const slow = node('slow', () => gate.promise)
    const quick = node('quick', async () => answer)
    const board = createFleetBoard([slow.source, quick.source], clock)
    const looking = board.look()
    await clock.advance(LOOK_MS)
    expect(await looking).toMatchObject([
      { name: 'slow', status: null, problem: 'no answer for 2 s' },
      { name: 'quick', problem: null },
    ])
    await clock.advance(6000)
    const again = board.look()
    await clock.advance(LOOK_MS)
    expect(await again).toMatchObject([{ problem: 'no answer for 9 s' }, { problem: null }])
    expect(slow.asked()).toBe(1)
    gate.resolve(answer)
    expect(await board.look()).toMatchObject([{ problem: null, ageMs: 0 }, { problem: null }])
  })

  it('shows the last answer of a node that is down with its age and the cause', async () => {
    const clock = createFakeClock()
    let told = answer
    const a = node('a', async () => told)
    const board = createFleetBoard([a.source], clock)
    await board.look()
    told = refusal
    await clock.advance(60_000)
    expect(await board.look()).toMatchObject([
      { status: { node: 'a' }, ageMs: 60_000, problem: 'ECONNREFUSED', clockAheadMs: 3 },
    ])
  })

  it('says of a node that was never heard why', async () => {
    const board = createFleetBoard([node('a', async () => refusal).source], createFakeClock())
    expect(await board.look()).toEqual([
      { name: 'a', role: 'mx', status: null, ageMs: null, problem: 'ECONNREFUSED', clockAheadMs: null },
    ])
  })
})
