// `npm test`: every check and every test, none skipped because another one failed. All tests are one run of vitest, so that files of every
// kind fill the processors; the checks run beside it, one after the other, and their output comes in one piece.
// The failures come again at the end, then the slowest files, and the last line is the sum: each of the four checks counts as one, a step that
// ends without a report as one failure.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatTotal, slowestFiles } from './lib/run-times.ts'
import { addTallies, formatTally, NOTHING, type Tally, tallyOfCheck, tallyOfReport } from './lib/tally.ts'

const root = join(import.meta.dirname, '..')
const checks = ['format:check', 'lint', 'types', 'unused']

interface Ended {
  readonly good: boolean
  /** Empty where it is on our own output. */
  readonly output: string
}

/** Runs one npm script to its end. */
function runScript(name: string, stdio: 'inherit' | 'pipe', env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
  const child = spawn('npm', ['run', '-s', name], { cwd: root, env, stdio: ['ignore', stdio, stdio] })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ good: false, output: error.message }))
    child.once('close', (status) => resolve({ good: status === 0, output }))
  })
}

async function runChecks(): Promise<Tally> {
  let tally = NOTHING
  for (const name of checks) {
    const { good, output } = await runScript(name, 'pipe')
    process.stdout.write(`\n== npm run ${name}: ${good ? 'passed' : 'failed'}\n${output}`)
    tally = addTallies(tally, tallyOfCheck(name, good, output))
  }
  return tally
}

interface TestRun {
  readonly tally: Tally
  /** The times of the files; null if there are none. */
  readonly times: string | null
}

async function runTests(): Promise<TestRun> {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-report-'))
  try {
    // Without its software a test with peers fails or is skipped by itself; the other tests run.
    const installed = await runScript('peers:install', 'inherit')
    const { good } = await runScript('tests', 'inherit', { ...process.env, WAYPOST_TEST_REPORT: folder })
    const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : null)
    const tally = tallyOfReport('tests', good, read('results.json'))
    return {
      tally: installed.good ? tally : addTallies(tally, tallyOfCheck('peers:install', false, '')),
      times: read('times.json'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const start = performance.now()
const [ofChecks, tests] = await Promise.all([runChecks(), runTests()])
const tally = addTallies(ofChecks, tests.tally)
// Again at the end: where only the last lines of a long output are kept, the reason must be among them.
for (const failure of tally.failures) process.stdout.write(`\nfailed: ${failure}\n`)
if (tally.broken.length > 0) process.stdout.write(`\nnot in order: ${tally.broken.join(', ')}\n`)
process.stdout.write(`\nslowest files:\n${slowestFiles(tests.times, root).join('\n')}\n`)
process.stdout.write(`${formatTotal(performance.now() - start, process.env['CI'] === 'true')}\n`)
process.stdout.write(`\n${formatTally(tally)}\n`)
process.exitCode = tally.broken.length > 0 ? 1 : 0
