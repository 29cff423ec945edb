import { expect, test } from 'vitest'
import type { Machine } from '../machine.ts'
import { authenticationResults } from './mx-check.ts'
import type { ContenderName } from './mx-contenders.ts'
import { formatMx } from './mx-report.ts'
import { missesAim, type MxResults, type MxRow, ratioOf } from './mx-results.ts'

const machine: Machine = {
  processor: 'Slow one',
  cores: 2,
  memory: '4 GiB',
  system: 'Debian',
  syncMs: 1,
  node: 'v26',
  load: 0.5,
}
const row = (name: ContenderName, rates: readonly number[], p99 = 9): MxRow => ({
  name,
  turns: rates.map((rate) => ({ rate, cpu: 1000 / rate, reply: { p50: 5, p99: 50 } })),
  paced: { p50: 2, p99, max: 20 },
})
const results = (rows: readonly MxRow[]): MxResults => {
  return { rows, messages: 1000, sessions: 50, rate: 50, postfixVersion: '3.7', profile: null }
}
const page = { machine, command: 'npm run bench -- mx', date: '2026-01-01' }

test('the ratio is the median of those within a turn, so that a slow turn of both does not count', () => {
  const rows = [row('Waypost', [400, 40, 390]), row('Postfix, rspamd', [100, 10, 130])]
  expect(ratioOf(rows, { ours: 'Waypost', theirs: 'Postfix, rspamd' })).toBe(4)
  expect(ratioOf(rows, { ours: 'Waypost, rspamd', theirs: 'Postfix, rspamd' })).toBeNull()
})

test('a missed aim is named, and asks for a profile', () => {
  const rows = [row('Waypost', [300], 10), row('Postfix, rspamd', [100], 9)]
  expect(missesAim(rows)).toBe(true)
  expect(missesAim([row('Waypost', [350]), row('Postfix, rspamd', [100])])).toBe(false)
  const text = formatMx(page, results(rows))
  expect(text).toContain('| Waypost ÷ Postfix, rspamd | 3.00 × | ≥ 3.5 × | **missed** |')
  expect(text).toContain('Waypost: paced p99 not above that of Postfix with rspamd: **missed**')
})

test('the results of a delivered message are read from its header only', () => {
  const header =
    'Authentication-Results: a.example;\r\n\tspf=pass\r\nSubject: x\r\nauthentication-results: b; dkim=pass'
  const found = authenticationResults(`${header}\r\n\r\nAuthentication-Results: c; dmarc=pass\r\n`)
  expect(found).toBe('Authentication-Results: a.example; spf=pass\nauthentication-results: b; dkim=pass')
})
