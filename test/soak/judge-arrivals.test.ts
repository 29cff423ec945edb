import { describe, expect, it } from 'vitest'
import { createArrivals } from './arrivals.ts'
import { type Evidence, judgeArrivals } from './judge-arrivals.ts'
import { judgeAcceptance } from './judge-ledger.ts'
import { expectedSlots, kindOf, SLOTS } from './mail-plan.ts'
import { createOutcomes } from './outcomes.ts'

const SEED = 7
const MESSAGES = 3000
const numbers = Array.from({ length: MESSAGES }, (_, number) => number)
/** A queue ID that no message of the run has. */
const OTHER = 777_777
const firstOf = (kind: string) => numbers.find((number) => kindOf(SEED, number) === kind) as number

/** What a run without faults leaves. `dropped` is lost at one slot. */
function run({ dropped = -1 }: { readonly dropped?: number } = {}) {
  const arrivals = createArrivals(MESSAGES)
  const outcomes = createOutcomes(MESSAGES)
  for (const number of numbers) {
    const kind = kindOf(SEED, number)
    if (kind === 'unknown') outcomes.refuse(number)
    else if (kind === 'abandoned') outcomes.abandon(number)
    else {
      outcomes.accept(number)
      const slots = expectedSlots(kind).slice(number === dropped ? 1 : 0)
      for (const slot of slots)
        arrivals.record({ number, slot, mx: number + 1, srs: slot === SLOTS.box ? 0 : number + 1, at: number })
    }
  }
  const evidence: Evidence = {
    seed: SEED,
    messages: MESSAGES,
    arrivals,
    outcomes,
    kills: { mx: [], srs: [] },
    srsReceivedAt: new Map(),
  }
  return { arrivals, outcomes, evidence }
}

describe('judgeArrivals', () => {
  it('finds nothing after a run without faults, which has mail of every kind', () => {
    const { evidence, outcomes, arrivals } = run()
    expect(new Set(numbers.map((number) => kindOf(SEED, number))).size).toBe(7)
    const causes = { resent: 0, killed: 0, unanswered: 0 }
    expect(judgeArrivals(evidence)).toEqual({ broken: [], causes, unexplained: 0, arrived: arrivals.total })
    expect(outcomes.ended).toBe(MESSAGES)
  })

  it.each(['forward', 'box', 'group', 'refused', 'returned'])('finds a lost message: %s', (kind) => {
    const dropped = firstOf(kind)
    const { broken } = judgeArrivals(run({ dropped }).evidence)
    expect(broken).toEqual([expect.stringMatching(`message ${dropped} \\(${kind}\\) is lost`)])
  })

  it.each(['unknown', 'abandoned', 'refused'])('finds a message that must not arrive: %s', (kind) => {
    const { arrivals, evidence } = run()
    const number = firstOf(kind)
    arrivals.record({ number, slot: SLOTS.forward, mx: 1, srs: 1, at: 0 })
    expect(judgeArrivals(evidence).broken).toEqual([
      expect.stringMatching(`message ${number} .*arrived at the forward host`),
    ])
  })

  it('finds a message that has not ended for its client, and a report that was not planned', () => {
    const { arrivals, evidence } = run()
    arrivals.record({ number: firstOf('forward'), slot: SLOTS.report, mx: 0, srs: 0, at: 0 })
    const open = { ...evidence, outcomes: createOutcomes(MESSAGES) }
    expect(judgeArrivals(open).broken.length).toBeGreaterThan(MESSAGES)
    expect(judgeArrivals(evidence).broken).toEqual([expect.stringMatching('arrived at the report host')])
  })

  describe('copies', () => {
    const number = firstOf('forward')
    const copy = { number, slot: SLOTS.forward, mx: number + 1, srs: number + 1, at: number + 5 }

    it('have no cause of themselves', () => {
      const { arrivals, evidence } = run()
      arrivals.record(copy)
      expect(judgeArrivals(evidence)).toMatchObject({
        unexplained: 1,
        broken: [expect.stringMatching('copies without a cause')],
      })
    })

    it('are explained once by a reply that the host cut', () => {
      const { arrivals, evidence } = run()
      arrivals.recordUnanswered(number, SLOTS.forward)
      arrivals.record(copy)
      expect(judgeArrivals(evidence)).toMatchObject({ unexplained: 0, causes: { unanswered: 1 } })
      arrivals.record(copy)
      expect(judgeArrivals(evidence).unexplained).toBe(1)
    })

    it('with another queue ID at the mx are explained by a client that got no reply', () => {
      const { arrivals, outcomes, evidence } = run()
      arrivals.record({ ...copy, mx: OTHER, srs: OTHER })
      expect(judgeArrivals(evidence).unexplained).toBe(1)
      outcomes.doubt(number)
      expect(judgeArrivals(evidence)).toMatchObject({ unexplained: 0, causes: { resent: 1 } })
    })

    it.each([
      ['the srs', { mx: [], srs: [number + 2] }, 0],
      ['the mx, which has not delivered it', { mx: [number + 2], srs: [] }, 1],
      ['the srs, long after', { mx: [], srs: [number + 60_000] }, 1],
      ['the srs, long before', { mx: [], srs: [number - 60_000] }, 1],
    ])('with the same queue IDs are explained by a kill of %s', (_, kills, unexplained) => {
      const { arrivals, evidence } = run()
      arrivals.record(copy)
      expect(judgeArrivals({ ...evidence, kills })).toMatchObject({ unexplained, causes: { killed: 1 - unexplained } })
    })

    it('with another queue ID at the srs are explained by a kill between their arrivals there', () => {
      const { arrivals, evidence } = run()
      arrivals.record({ ...copy, srs: OTHER, at: 90_000 })
      const srsReceivedAt = new Map([
        [number + 1, 50_000],
        [OTHER, 60_000],
      ])
      const judge = (mx: number[]) => judgeArrivals({ ...evidence, srsReceivedAt, kills: { mx, srs: [] } }).unexplained
      expect([judge([55_000]), judge([70_000])]).toEqual([0, 1])
    })
  })
})

describe('judgeAcceptance', () => {
  it('compares the ledger with the replies that clients read', () => {
    const outcomes = createOutcomes(4)
    outcomes.accept(0)
    outcomes.accept(1)
    outcomes.refuse(2)
    outcomes.doubt(1)
    expect(judgeAcceptance(new Uint8Array([1, 2, 0, 0]), outcomes)).toEqual([])
    expect(judgeAcceptance(new Uint8Array([0, 3, 1, 0]), outcomes)).toHaveLength(3)
  })
})
