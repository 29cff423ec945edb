// Sums of test results for the closing lines of `npm test`. A step that failed can never add up to "0 failed".

export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Names of the steps that did not end well. */
  readonly broken: readonly string[]
  /** Each failed test: its suite, file and name, then the error, as text of several lines. A failed check: its name and output. */
  readonly failures: readonly string[]
}

export const NOTHING: Tally = { passed: 0, failed: 0, skipped: 0, broken: [], failures: [] }

/** How much of an error is written again at the end: the message and the first places, not a whole diff. */
const FAILURE_CHARACTERS = 2_000

/** The part of vitest's JSON report that is counted. */
interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults?: readonly FileResult[]
}

interface FileResult {
  readonly name: string
  readonly status?: string
  /** Why the file has no results, for example an import that failed; empty where it ran. */
  readonly message: string
  readonly assertionResults: readonly {
    readonly fullName: string
    readonly status: string
    readonly failureMessages?: readonly string[]
  }[]
}

/** Reads one suite's JSON report; `ended` is whether its command ended well, `report` null if it wrote none. */
export function tallyOfReport(suite: string, ended: boolean, report: string | null): Tally {
  const counted = report === null ? null : parseReport(report)
  if (counted === null) return { ...NOTHING, failed: 1, broken: [suite] }
  const failed = !ended && counted.numFailedTests === 0 ? 1 : counted.numFailedTests
  return {
    passed: counted.numPassedTests,
    failed,
    skipped: counted.numPendingTests + counted.numTodoTests,
    broken: ended && failed === 0 ? [] : [suite],
    failures: (counted.testResults ?? []).flatMap((file) => failuresOf(suite, file)),
  }
}

/** One check, such as the types; `output` is what it wrote. */
export function tallyOfCheck(name: string, ended: boolean, output: string): Tally {
  if (ended) return { ...NOTHING, passed: 1 }
  const failures = output.trim() === '' ? [] : [`${name}\n${output}`.slice(0, FAILURE_CHARACTERS).trimEnd()]
  return { ...NOTHING, failed: 1, broken: [name], failures }
}

function failuresOf(suite: string, file: FileResult): string[] {
  const place = `${suite} ${file.name}`
  const ofTests = file.assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => `${place}\n${test.fullName}\n${(test.failureMessages ?? []).join('\n')}`)
  // The report does not have the error of a hook that failed after good tests.
  const message = file.message || (file.status === 'failed' ? 'a hook failed; its error is above' : '')
  const texts = ofTests.length === 0 && message !== '' ? [`${place}\n${message}`] : ofTests
  return texts.map((text) => text.slice(0, FAILURE_CHARACTERS).trimEnd())
}

function parseReport(text: string): Report | null {
  try {
    const report = JSON.parse(text) as Report
    return typeof report.numPassedTests === 'number' ? report : null
  } catch {
    return null
  }
}

export function addTallies(one: Tally, other: Tally): Tally {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
    broken: [...one.broken, ...other.broken],
    failures: [...one.failures, ...other.failures],
  }
}

/** The closing line: `N passed, N failed`, and `, N skipped` if any were. */
export function formatTally(tally: Tally): string {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`
}
