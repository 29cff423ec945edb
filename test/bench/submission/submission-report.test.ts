import { expect, test } from 'vitest'
import type { Machine } from '../machine.ts'
import type { ContenderName } from './submission-contenders.ts'
import { formatSubmission } from './submission-report.ts'
import { compare, type LoadName, type SubmissionRow } from './submission-results.ts'

const machine: Machine = {
  processor: 'Slow one',
  cores: 2,
  memory: '4 GiB',
  system: 'Debian',
  syncMs: 1,
  node: 'v26',
  load: 0.5,
}
const row = (name: ContenderName, rates: readonly number[], p99: number, load: LoadName): SubmissionRow => ({
  load,
  name,
  turns: rates.map((rate) => {
    const waits = { p50: 1, p99, max: 100 }
    return { rate, cpu: 1000 / rate, answer: { seconds: 1, reply: waits, login: waits } }
  }),
})
const each = 'a login for each mail'
const results = (rows: readonly SubmissionRow[]) => ({
  rows,
  messages: 1000,
  sessions: 50,
  postfixVersion: 'Postfix 3.7',
  ceilings: new Map<LoadName, number>([[each, 812.4]]),
  profiles: new Map<LoadName, string>([[each, '50 % idle']]),
})
const page = { machine, command: 'npm run bench -- submission', date: '2026-01-01' }

test('the ratio is the median of those within a turn, in each load that both ran', () => {
  const rows = [
    row('Waypost', [400, 40, 390], 5, each),
    row('Postfix, rspamd', [100, 10, 130], 6, each),
    row('Waypost', [400], 5, 'ten mails a session'),
  ]
  expect(compare(rows)).toEqual([{ load: each, ours: 'Waypost', theirs: 'Postfix, rspamd', ratio: 4, waits: [5, 6] }])
})

test('a missed rate and a missed wait are named, with the profile', () => {
  const rows = [row('Waypost', [299], 7, each), row('Postfix, OpenDKIM', [100], 6.5, each)]
  const text = formatSubmission(page, results(rows))
  expect(text).toContain(
    '| a login for each mail | Waypost ÷ Postfix, OpenDKIM | 2.99 × | ≥ 3 × | **missed** | 7.0 : 6.5 | **missed** |',
  )
  expect(text).toContain('- a login for each mail: 50 % idle.')
  expect(text).toContain('in messages per second: a login for each mail 812.')
  const met = [row('Waypost', [300], 6, each), row('Postfix, OpenDKIM', [100], 6.5, each)]
  expect(formatSubmission(page, results(met))).toContain('| 3.00 × | ≥ 3 × | met | 6.0 : 6.5 | met |')
})
