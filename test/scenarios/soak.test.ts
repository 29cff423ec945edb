// The soak of docs/soak.md in small: every kind of fault, every proof.

import { expect, it } from 'vitest'
import { FAULT_KINDS } from '../soak/fault-schedule.ts'
import { soak } from '../soak/soak.ts'

const MESSAGES = 2000
const transactionFaults = [
  'client-cut',
  'cut-data',
  'defer-data',
  'defer-dot',
  'defer-rcpt',
  'no-reply',
  'reset',
  'stall',
]

it('two thousand messages through an mx and an srs with faults: nothing is lost, every copy has a cause', {
  timeout: 300_000,
}, async () => {
  const result = await soak({
    messages: MESSAGES,
    seed: 1,
    sessions: 30,
    rate: null,
    limit: 240_000,
    faultsEvery: MESSAGES / 15,
    killsUntil: 1,
    shortestFault: 200,
    longestFault: 500,
    sampleEvery: 1000,
    diskOctets: 256 * 2 ** 20,
    say: () => undefined,
  })
  expect(result.broken).toEqual([])
  expect(result.messages).toBe(MESSAGES)
  expect(result.clients.accepted).toBeGreaterThan(MESSAGES * 0.9)
  expect(result.verdict.unexplained).toBe(0)
  expect(result.returns).toBeGreaterThan(0)
  expect(result.dmarc['pass']).toBeGreaterThan(MESSAGES * 0.8)
  // Without the right to mount, no disk is full.
  const caused = [
    ...Object.entries(result.faults)
      .filter(([, times]) => times > 0)
      .map(([name]) => name),
    ...result.skipped,
  ]
  expect(caused.toSorted()).toEqual([...FAULT_KINDS, ...transactionFaults].toSorted())
  expect(result.lives.mx + result.lives.srs).toBeGreaterThan(2)
  expect(result.samples.length).toBeGreaterThan(2)
})
