import { expect, it } from 'vitest'
import { curve } from './curve.ts'
import { metricSum } from './metric-text.ts'
import type { Sample } from './samples.ts'
import type { SoakResult } from './soak.ts'
import { formatSoak, withResult } from './soak-report.ts'

const sample = (node: 'mx' | 'srs', at: number): Sample => ({
  node,
  pid: 7,
  at,
  age: at,
  rssMiB: 200 + at / 10,
  pssMiB: 150,
  files: 90,
  heapMiB: at === 20 ? Number.NaN : 60,
  lagMs: 12,
  cpu: at / 10,
  queued: 0,
  queueMiB: at,
  walMiB: 32,
  spoolFiles: 0,
  ended: at * 100,
})
const ledger = {
  events: 70_000,
  recipients: 10_000,
  ledgerOctets: 2 ** 20 * 30,
  queueOctets: 2 ** 20 * 3,
  compared: [],
}
const result: SoakResult = {
  broken: [],
  messages: 12_345,
  seconds: 100,
  drained: 103,
  clients: { accepted: 12_000, refused: 245, abandoned: 100, doubted: 40 },
  copies: 13_010,
  verdict: { causes: { resent: 2, killed: 3, unanswered: 5 }, unexplained: 0, arrived: 13_000 },
  dmarc: { pass: 12_000, temperror: 10 },
  returns: 99,
  faults: { 'kill-mx': 4, 'no-reply': 5 },
  skipped: [],
  deferrals: 77,
  mx: ledger,
  srs: ledger,
  samples: [10, 20, 30].flatMap((at) => [sample('mx', at), sample('srs', at)]),
  growth: [{ node: 'mx', what: 'rssMiB', early: 200, late: 201.25, most: 236 }],
  cpu: { mx: 30, srs: 20, load: 10 },
  lives: { mx: 5, srs: 4 },
}
const machine = { processor: 'CPU', cores: 2, memory: '24 GiB', system: 'Linux', syncMs: 1.5, node: 'v26.0.0', load: 3 }
const saved = { machine, command: 'npm run soak --', date: '2026-11-30', revision: 'abc1234', result }

it('the page has the numbers, the faults, the growth and the curves', () => {
  const text = formatSoak(saved)
  expect(text).toContain('**Every promise was kept.**')
  expect(text).toContain('| messages that clients began | 12 345 |')
  expect(text).toContain('| messages a second, faults included | 123 |')
  expect(text).toContain('| processor time of a message | mx 1.00 ms, srs 1.00 ms, load and hosts 0.81 ms |')
  expect(text).toContain('| `no-reply` | 5 |')
  expect(text).toContain('| mx | RSS, MiB | 200.0 | 201.3 | 236.0 |')
  expect(text).toMatch(/^mx {2}rssMiB .* 203$/m)
})

it('the page lists broken promises', () => {
  const broken = ['message 7 (forward) is lost: nothing at the forward host', 'another']
  const text = formatSoak({ ...saved, result: { ...result, broken } })
  expect(text).toContain('**2 promises were broken:**\n\n- message 7')
  expect(text).toContain('| accepted and not arrived | 1 |')
})

it('the result replaces the old one between the marks', () => {
  const page = 'before\n<!-- result -->\nold\n<!-- end -->\nafter\n'
  expect(withResult(page, 'new $1')).toBe('before\n<!-- result -->\n\nnew $1\n<!-- end -->\nafter\n')
  expect(() => withResult('no marks', 'new')).toThrow('no part')
})

it('a curve has one character for each part of the time', () => {
  const points = [0, 1, 2, 3].map((at) => ({ at, value: at }))
  expect(curve(points, 4)).toBe('▁▃▆█')
  expect(curve([{ at: 10, value: 5 }], 3)).toBe('  █')
})

it('a metric is summed over its labels, and never with another one of the same beginning', () => {
  const page = '# TYPE a_total counter\na_total{x="1"} 3\na_total{x="2"} 4\na_total_more 9\n'
  expect(metricSum(page, 'a_total')).toBe(7)
  expect(metricSum(page, 'a_total', 'x="2"')).toBe(4)
  expect(metricSum(page, 'absent')).toBeNaN()
  expect(metricSum(null, 'a_total')).toBeNaN()
})
