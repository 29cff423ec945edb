// The table has medians, every round, and ratios only if both relays ran.

import { expect, it } from 'vitest'
import { formatPage, formatTable, medianOf } from './report.ts'

const measured = (delivered: number) => ({
  accepted: delivered + 10,
  delivered,
  cpuSeconds: 2,
  memory: { rss: 100, pss: 50 },
})

it('takes medians of odd and even numbers of rounds', () => {
  expect(medianOf([300, 100, 200].map(measured)).delivered).toBe(200)
  expect(medianOf([100, 200, 300, 1000].map(measured))).toMatchObject({ delivered: 250, accepted: 260 })
})

it('writes both relays and their ratio', () => {
  const results = new Map([
    ['postfix', [measured(400), measured(600), measured(500)]],
    ['waypost', [{ ...measured(2000), cpuSeconds: 1 }]],
  ] as const)
  const table = formatTable(results)
  expect(table).toContain('| postfix | 510 | 500 | 400, 600, 500 | 2.00 | 100 | 50 |')
  expect(table).toContain('| waypost | 2010 | 2000 | 2000 | 1.00 | 100 | 50 |')
  expect(table).toContain('| **waypost ÷ postfix** | 3.94 × | 4.00 × |  | 0.50 × | 1.00 × | 1.00 × |')
})

it('writes no ratio if a relay is missing', () => {
  expect(formatTable(new Map([['postfix', [measured(1)]]]))).not.toContain('÷')
})

it('names the machine and the command on the page', () => {
  const machine = {
    processor: 'CPU X',
    cores: 2,
    memory: '8 GiB',
    system: 'OS',
    syncMs: 0.154,
    node: 'v26.0.0',
    load: 1.25,
  }
  const load = { messages: 10, sessions: 5, length: 4096 }
  const run = { machine, load, postfixVersion: '3.7.11', command: 'npm run bench -- --write', date: '2026-01-01' }
  const page = formatPage(run, new Map([['postfix', [measured(1)]]]))
  for (const part of [
    'CPU X, 2 cores',
    '0.15 ms',
    'before the run: 1.3',
    'npm run bench -- --write',
    'Postfix 3.7.11',
    '10 messages of 4096',
  ])
    expect(page).toContain(part)
})
