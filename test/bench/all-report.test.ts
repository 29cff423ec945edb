// Each row has the result, the aim, and whether it is met; profiles appear only for missed aims.

import { expect, it } from 'vitest'
import { formatAll } from './all-report.ts'
import type { AllResults } from './all-rows.ts'

const measured = (delivered: number) => ({
  accepted: delivered + 10,
  delivered,
  cpuSeconds: 2,
  memory: { rss: 200, pss: 150 },
})

const results: AllResults = {
  relay: [
    {
      name: 'main',
      aim: 6,
      messages: 1000,
      postfix: measured(500),
      waypost: measured(2500),
      ceiling: 9000,
      profile: 'main thread: 20 % idle',
    },
    { name: 'large', aim: 3, messages: 10, postfix: measured(5), waypost: measured(20), ceiling: 22, profile: null },
  ],
  live: [
    { name: 'few', aim: 0.8, messages: 1000, waypost: measured(2500), share: 1, profile: null },
    { name: 'many', aim: 0.8, messages: 1000, waypost: measured(2250), share: 0.9, profile: null },
  ],
  figures: [
    { name: 'restart', found: '3 s', aim: '< 2 s', met: false },
    { name: 'p99', found: '4 ms', aim: '', met: null },
  ],
  postfixVersion: '3.7.11',
  rounds: 3,
}
const machine = { processor: 'CPU X', cores: 2, memory: '8 GiB', system: 'OS', syncMs: 0.2, node: 'v26', load: 0.5 }
const page = formatAll({ machine, command: 'npm run bench -- --all', date: '2026-01-02' }, results)

it.each([
  '| main | 510 | 500 | 2510 | 2500 | 9000 | 5.00 × | 18.00 × | ≥ 6 × | **missed** | 2.00 : 2.00 | 200 : 200 | 150 : 150 |',
  '| large | 15 | 5.0 | 30 | 20 | 22 | 4.00 × | 4.40 × | ≥ 3 × | met |',
  '- main: main thread: 20 % idle.',
  '| few | 2510 | 2500 | 100 % |  |  | 5.00 × | 2.00 | 200 | 150 |',
  '| many | 2260 | 2250 | 90 % | ≥ 80 % | met | 4.50 × |',
  '| restart | 3 s | < 2 s | **missed** |',
  '| p99 | 4 ms |  |  |',
  'CPU X, 2 cores',
  'Postfix 3.7.11',
  '`npm run bench -- --all` on 2026-01-02',
])('contains %s', (line) => {
  expect(page).toContain(line)
})

it('has no profiles of rows that meet their aim', () => {
  expect(page.match(/Processor time of the rows/g)).toHaveLength(1)
})

it('names the number of rounds', () => {
  expect(page).toContain('medians of two rounds (main row: 3)')
  expect(page).toContain('5 times 10 000 messages')
  const quick = formatAll({ machine, command: '', date: '' }, { ...results, rounds: 1 })
  expect(quick).toContain('one round each')
  expect(quick).toContain('3 times 10 000 messages')
})
