import { expect, it } from 'vitest'
import { sampleStatus } from '../../../test/lib/sample-status.ts'
import { fleetLines, isWellRow, localRow, remoteRow } from './fleet-lines.ts'

const told = (changes: object = {}) => ({ kind: 'answer', value: sampleStatus(changes) }) as const

it('shows every node in a line, and below what needs attention', () => {
  const rows = [
    localRow({ state: 'running', status: sampleStatus() }, 'mx-01.example.org'),
    remoteRow({
      name: 'srs-01.example.org',
      told: { kind: 'error', cause: 'connect ECONNREFUSED 192.0.2.7:4465' },
      clockAheadMs: null,
    }),
    remoteRow({
      name: 'mta-01.example.org',
      told: told({
        node: 'mta-01.example.org',
        role: 'mta',
        queue: null,
        health: { kind: 'failing', checks: { queue: { kind: 'failing', reason: 'the disk is full' } } },
      }),
      clockAheadMs: 90_000,
    }),
  ]
  expect(fleetLines(rows)).toEqual([
    'node                      role       state        queue    oldest   health',
    'mx-01.example.org         mx         up 2h        2        5m       ok',
    'srs-01.example.org                   no answer',
    'mta-01.example.org        mta        up 2h        ?                 failing',
    'srs-01.example.org: connect ECONNREFUSED 192.0.2.7:4465',
    'mta-01.example.org: its clock is 1m30s ahead of this one',
    'mta-01.example.org: queue failing: the disk is full',
  ])
  expect(rows.map(isWellRow)).toEqual([true, false, false])
})

it('stays in 80 columns and escapes what a node says of itself', () => {
  const reason = `x\u001b[2J${'y'.repeat(400)}`
  const health = { kind: 'degraded', checks: { dns: { kind: 'degraded', reason } } } as const
  const status = told({ node: 'z'.repeat(255), role: 'r'.repeat(255), health })
  const lines = fleetLines([remoteRow({ name: 'a'.repeat(200), told: status, clockAheadMs: 0 })])
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(lines.join('')).not.toContain('\u001b')
})
