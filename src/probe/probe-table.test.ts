import { describe, expect, test } from 'vitest'
import type { ProbeOutcome, ProbeResult } from './probe-result.ts'
import { createProbeTable, KEPT_RESULTS, MOST_OPEN, type OpenProbe } from './probe-table.ts'

const open = (id: string, sentAt = 0): OpenProbe => ({
  target: 'google',
  id,
  queueId: `Q${id}`,
  sentAt,
  handed: null,
  lastReply: null,
})
const result = (id: string, outcome: ProbeOutcome): ProbeResult => ({
  target: 'google',
  id,
  queueId: `Q${id}`,
  sentAt: 0,
  outcome,
  ms: 5,
  group: 'google',
  hops: [],
  detail: '',
})

describe('the table of probes', () => {
  test('says once that a target fails, and once that it works again', () => {
    const table = createProbeTable(['google'], 2)
    const said = (['arrived', 'missing', 'missing', 'refused', 'arrived', 'accepted'] as const).map((outcome, index) =>
      table.finish(result(String(index), outcome)),
    )
    expect(said).toEqual([null, null, 'failing', null, 'working', null])
    expect(table.states()[0]).toMatchObject({ isWorking: true, failures: 0, lastGoodAt: 5 })
  })

  test('says so at the first result, if it is a bad one', () => {
    expect(createProbeTable(['google'], 1).finish(result('1', 'missing'))).toBe('failing')
    expect(createProbeTable(['google'], 1).finish(result('1', 'arrived'))).toBeNull()
  })

  test('knows a probe that was given up, once, and a late arrival repairs nothing', () => {
    const table = createProbeTable(['google'], 1)
    table.add(open('1'))
    table.finish(result('1', 'missing'))
    expect(table.byId('1')).toBeNull()
    expect(table.takeGivenUp('1')?.queueId).toBe('Q1')
    expect(table.takeGivenUp('1')).toBeNull()
    expect(table.finish(result('1', 'late'))).toBeNull()
    expect(table.states()[0]).toMatchObject({ isWorking: false, failures: 1 })
  })

  test('has limits for all its lists', () => {
    const table = createProbeTable(['google'], 1)
    for (let at = 0; at < MOST_OPEN; at++) table.add(open(String(at), at))
    expect(table.mayAdd('google')).toBe(false)
    expect(table.mayAdd('apple')).toBe(true)
    expect(table.sentBefore(3).map(({ id }) => id)).toEqual(['0', '1', '2'])
    for (let at = 0; at < 2000; at++) {
      table.add(open(`x${at}`))
      table.finish(result(`x${at}`, 'missing'))
    }
    expect(table.takeGivenUp('x0')).toBeNull()
    expect(table.takeGivenUp('x1999')).not.toBeNull()
    expect(table.states()[0]?.results).toHaveLength(KEPT_RESULTS)
    expect(table.open()).toHaveLength(MOST_OPEN)
  })

  test('finds a probe by its queue ID, and keeps what it does not know out', () => {
    const table = createProbeTable(['google'], 1)
    table.add(open('1'))
    expect(table.byQueueId('Q1')?.id).toBe('1')
    expect(table.finish({ ...result('1', 'arrived'), target: 'removed' })).toBeNull()
    table.tried('google', 7)
    table.tried('google', 3)
    table.tried('removed', 9)
    expect(table.states().map(({ lastSentAt }) => lastSentAt)).toEqual([7])
  })
})
