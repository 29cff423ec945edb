// What the page says about another node, and what an operator should look at there.

import { describe, expect, it } from 'vitest'
import { sampleStatus } from '../../test/lib/sample-status.ts'
import type { BoardNode } from '../fleet-view/fleet-board.ts'
import { summaryOf } from './fleet-summary.ts'

const name = 'mx-01.example.org'
const node = (changes: Partial<BoardNode> = {}): BoardNode => ({
  name,
  role: null,
  status: sampleStatus(),
  ageMs: 0,
  problem: null,
  clockAheadMs: 0,
  ...changes,
})
const whats = (one: BoardNode) => summaryOf(one).items.map(({ tone, what }) => [tone, what])

describe('the summary of a node', () => {
  it('has its state and figures', () => {
    expect(summaryOf(node())).toMatchObject({
      role: 'mx',
      tone: 'good',
      state: 'ok',
      figures: { accepted: '1.4', delivered: '1.2', waiting: 1, oldestMs: 300_000 },
      oldAnswerMs: null,
    })
  })

  it('of one that does not answer has the cause and the age of its last answer, and no old findings', () => {
    const silent = node({ problem: 'connect ECONNREFUSED', ageMs: 300_000 })
    expect(summaryOf(silent)).toMatchObject({ tone: 'bad', state: 'no answer', oldAnswerMs: 300_000 })
    expect(whats(silent)).toEqual([['bad', `${name} does not answer: connect ECONNREFUSED; its last answer is 5m old`]])
    expect(summaryOf(node({ status: null, ageMs: null, problem: 'no', role: 'srs' }))).toMatchObject({
      role: 'srs',
      figures: null,
    })
  })

  it('says that it drains', () => {
    expect(summaryOf(node({ status: sampleStatus({ draining: true }) }))).toMatchObject({ state: 'draining' })
  })
})

describe('what needs attention there', () => {
  it('begins with failing checks, and has a bounded length', () => {
    const reasons = Array.from({ length: 60 }, (_, index) => [`check-${index}`, { kind: 'degraded', reason: 'slow' }])
    const checks = Object.fromEntries([...reasons, ['queue', { kind: 'failing', reason: 'the disk is full' }]])
    const status = sampleStatus({ health: { kind: 'failing', checks } })
    expect(whats(node({ status }))).toHaveLength(4)
    expect(whats(node({ status }))[0]).toEqual(['bad', `${name}: queue: the disk is full`])
  })

  it('names a clock that differs, and a node that has another name', () => {
    const status = sampleStatus({ node: 'other.example.org', queue: null })
    expect(whats(node({ status, clockAheadMs: -90_000 }))).toEqual([
      ['warn', `${name}: its clock is 2m behind this one`],
      ['warn', `${name} calls itself other.example.org`],
    ])
  })

  it('names a queue that stands still', () => {
    const { queue, at } = sampleStatus()
    if (!queue) throw new Error('the sample has a queue')
    const stopped = { ...queue, paused: 'the disk is full', suspended: 2, oldestArrivedAt: at - 20 * 3_600_000 }
    expect(whats(node({ status: sampleStatus({ queue: stopped }) }))).toEqual([
      ['bad', `${name}: nothing is delivered: the disk is full`],
      ['warn', `${name}: 2 destinations suspended`],
      ['plain', `${name}: 1 recipient on hold`],
      ['plain', `${name}: the oldest message has been in the queue for 20h`],
    ])
  })
})
