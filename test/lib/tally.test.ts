// The closing line must not lie: not about a crash, not about a missing report, not about skipped tests.

import { expect, it } from 'vitest'
import { addTallies, formatTally, NOTHING, tallyOfCheck, tallyOfReport } from './tally.ts'

const report = (passed: number, failed: number, pending = 0, todo = 0) =>
  JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: todo })

it('counts a good suite', () => {
  expect(tallyOfReport('unit', true, report(7, 0, 2, 1))).toEqual({
    passed: 7,
    failed: 0,
    skipped: 3,
    broken: [],
    failures: [],
  })
})

it('counts failed tests and names the suite', () => {
  expect(tallyOfReport('unit', false, report(7, 2))).toEqual({
    passed: 7,
    failed: 2,
    skipped: 0,
    broken: ['unit'],
    failures: [],
  })
})

it('counts a failure where the command failed without a failed test (a file that cannot be loaded)', () => {
  expect(tallyOfReport('unit', false, report(7, 0))).toMatchObject({ failed: 1, broken: ['unit'] })
})

it('counts a failure where there is no report or none that can be read, even if the command ended well', () => {
  expect(tallyOfReport('peers', true, null)).toMatchObject({ passed: 0, failed: 1, broken: ['peers'] })
  expect(tallyOfReport('peers', true, '{"numPassed')).toMatchObject({ failed: 1, broken: ['peers'] })
  expect(tallyOfReport('peers', true, '{}')).toMatchObject({ failed: 1, broken: ['peers'] })
})

it('does not believe a good end beside failed tests', () => {
  expect(tallyOfReport('peers', true, report(1, 1))).toMatchObject({ failed: 1, broken: ['peers'] })
})

it('adds and writes the closing line', () => {
  const sum = [tallyOfReport('a', true, report(3, 0)), tallyOfReport('b', false, report(1, 1, 4))].reduce(
    addTallies,
    NOTHING,
  )
  expect(formatTally(sum)).toBe('4 passed, 1 failed, 4 skipped')
  expect(sum.broken).toEqual(['b'])
  expect(formatTally(NOTHING)).toBe('0 passed, 0 failed')
})

it('keeps each failed test with its file and its error, for the end of a long output', () => {
  const failed = { fullName: 'a node starts', status: 'failed', failureMessages: ['expected 1 to be 2'] }
  const testResults = [
    { name: '/test/a.test.ts', message: '', assertionResults: [{ fullName: 'other', status: 'passed' }, failed] },
    { name: '/test/b.test.ts', message: 'cannot be loaded', assertionResults: [] },
  ]
  const text = JSON.stringify({ ...(JSON.parse(report(1, 1)) as object), testResults })
  expect(tallyOfReport('unit', false, text).failures).toEqual([
    'unit /test/a.test.ts\na node starts\nexpected 1 to be 2',
    'unit /test/b.test.ts\ncannot be loaded',
  ])
})

it('counts a check as one, and keeps the output of a failed one, which is far above by then', () => {
  expect(tallyOfCheck('lint', true, 'no problems\n')).toEqual({ ...NOTHING, passed: 1 })
  expect(tallyOfCheck('lint', false, 'a.ts:1: unused\n')).toEqual({
    ...NOTHING,
    failed: 1,
    broken: ['lint'],
    failures: ['lint\na.ts:1: unused'],
  })
  expect(tallyOfCheck('lint', false, 'x'.repeat(10_000)).failures[0]?.length).toBeLessThan(3_000)
  expect(tallyOfCheck('lint', false, '').failures).toEqual([])
})

it('names a file in which only a hook failed, of which the report has no error', () => {
  const passed = { fullName: 'a node starts', status: 'passed' }
  const testResults = [{ name: '/test/a.test.ts', status: 'failed', message: '', assertionResults: [passed] }]
  const text = JSON.stringify({ ...(JSON.parse(report(1, 0)) as object), testResults })
  expect(tallyOfReport('peers', false, text).failures).toEqual([
    'peers /test/a.test.ts\na hook failed; its error is above',
  ])
})
