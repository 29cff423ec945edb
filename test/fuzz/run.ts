// `npm run fuzz`: searches inputs of parsers and sessions for which something does not hold. `--minutes` is the processor time of all
// targets together, `--seed` repeats a search, `--keep` adds inputs of new kinds to the corpus; names run only those targets. An input that
// is found is written to a file, and the exit code is 1.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { type FuzzResult, keepInputs } from './fuzz.ts'
import type { FuzzTarget } from './fuzz-target.ts'
import { fuzzTargets } from './fuzz-targets.ts'
import { type FuzzOrder, HEAD_OCTETS } from './fuzz-worker.ts'

/** A run without progress for this long hangs, ms. */
const HANG_MS = 30_000
/** The heap of a target, MiB: it keeps some thousand small inputs. A thread that needs more ends with an error. */
const MOST_HEAP = 256
/** New inputs of a target that `--keep` adds, the smallest first. */
const MOST_ADDED = 30

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean' },
  },
})
const chosen = fuzzTargets.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const cpuMs = (Number(values.minutes) * 60_000) / chosen.length

interface Report {
  readonly result: FuzzResult
  readonly cpuMs: number
}

function search(target: FuzzTarget): Promise<Report | { readonly hangs: Buffer }> {
  const shared = new SharedArrayBuffer(HEAD_OCTETS + target.most + (target.most % 4))
  const head = new Int32Array(shared, 0, 2)
  const order: FuzzOrder = { name: target.name, seed: Number(values.seed), cpuMs, shared }
  const worker = new Worker(new URL('fuzz-worker.ts', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP },
  })
  return new Promise((resolve, reject) => {
    let last = -1
    const watch = setInterval(() => {
      const runs = Atomics.load(head, 0)
      if (runs === last) {
        resolve({ hangs: Buffer.from(new Uint8Array(shared, HEAD_OCTETS, head[1])) })
        void worker.terminate()
      }
      last = runs
    }, HANG_MS)
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => clearInterval(watch))
  })
}

function write(target: FuzzTarget, input: Buffer): string {
  const file = join(mkdtempSync(join(tmpdir(), 'waypost-fuzz-')), target.name)
  writeFileSync(file, input)
  return file
}

process.stdout.write('| target | runs | processor time (s) | kinds | found |\n|---|---|---|---|---|\n')
for (const target of chosen) {
  const report = await search(target)
  if ('hangs' in report) {
    process.exitCode = 1
    process.stdout.write(`| ${target.name} | | | | hangs: ${write(target, report.hangs)} |\n`)
    continue
  }
  const { result } = report
  const { runs, kinds, found, fresh } = result
  if (found) process.exitCode = 1
  const what = found ? write(target, Buffer.from(found.input)) : 'nothing'
  process.stdout.write(`| ${target.name} | ${runs} | ${Math.round(report.cpuMs / 1000)} | ${kinds} | ${what} |\n`)
  if (found) process.stderr.write(`${found.error}\n`)
  const smallest = fresh.map((input) => Buffer.from(input)).toSorted((a, b) => a.length - b.length)
  if (values.keep) keepInputs(target, smallest.slice(0, MOST_ADDED))
}
