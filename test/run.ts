// `npm test`: every check and every test, one after the other, none skipped because an earlier one failed.
// The failed tests come again at the end, and the last line is the sum: each of the four checks counts as one, a step that ends without a report as one failure.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addTallies, formatTally, NOTHING, type Tally, tallyOfReport } from './lib/tally.ts'

const root = join(import.meta.dirname, '..')
const checks = ['format:check', 'lint', 'types', 'unused']
const suites = ['unit', 'scenarios', 'peers']

/** Runs one npm script with its output on ours; true if it ended well. */
function runScript(name: string, env: NodeJS.ProcessEnv = process.env): boolean {
  process.stdout.write(`\n== npm run ${name}\n`)
  return spawnSync('npm', ['run', '-s', name], { cwd: root, env, stdio: 'inherit' }).status === 0
}

function runCheck(name: string): Tally {
  return runScript(name) ? { ...NOTHING, passed: 1 } : { ...NOTHING, failed: 1, broken: [name] }
}

function runSuite(name: string): Tally {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-report-'))
  try {
    const good = runScript(name, { ...process.env, WAYPOST_TEST_REPORT: join(folder, 'report.json') })
    const report = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))[0]
    return tallyOfReport(name, good, report ?? null)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const tally = [...checks.map(runCheck), ...suites.map(runSuite)].reduce(addTallies, NOTHING)
// Again at the end: where only the last lines of a long output are kept, the reason must be among them.
for (const failure of tally.failures) process.stdout.write(`\nfailed: ${failure}\n`)
if (tally.broken.length > 0) process.stdout.write(`\nnot in order: ${tally.broken.join(', ')}\n`)
process.stdout.write(`\n${formatTally(tally)}\n`)
process.exitCode = tally.broken.length > 0 ? 1 : 0
