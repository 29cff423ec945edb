import { writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type Reporter, type TestSpecification } from 'vitest/node'
import { placeOf } from './lib/file-order.ts'
import type { FileTime } from './lib/run-times.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

// Three kinds of tests: `unit` beside the code, `scenarios` with whole nodes, `peers` with real software of others.
// WAYPOST_TEST_REPORT names a folder for the results and times that `npm test` sums up.
const report = process.env['WAYPOST_TEST_REPORT']

// A file with nodes or peers uses a third of one processor: it waits for processes, retries and attacks. See docs/decisions/0080.
const FILES_PER_PROCESSOR = 2.5
// A worker, and four nodes of 180 MB.
const OCTETS_PER_FILE = 1024 ** 3
const filesAtOnce = Math.ceil(Math.min(FILES_PER_PROCESSOR * availableParallelism(), totalmem() / OCTETS_PER_FILE))

// Only ends a test that hangs: the speed of a busy machine is not tested. Mailman needs 60 s for its start beside four other files on one
// processor.
const patience = { testTimeout: 120_000, hookTimeout: 120_000 }

// Tests of these projects start the program as a bundle, made once before them.
const globalSetup = [join(root, 'test/build-program.ts')]

// As the unit file sets it: whole nodes and commands start in two thirds of the CPU time.
const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'waypost-test-compile-cache') }

function writeTimes(file: string): Reporter {
  return {
    onTestRunEnd: (modules) => {
      const times: FileTime[] = modules.map((one) => ({ name: one.moduleId, ms: one.diagnostic().duration }))
      writeFileSync(file, JSON.stringify(times))
    },
  }
}

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project, moduleId }: TestSpecification) => placeOf(project.name, relative(root, moduleId))
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => place(one) - place(other))
  }
}

export default defineConfig({
  test: {
    maxWorkers: filesAtOnce,
    sequence: { sequencer: LongestFirst },
    reporters:
      report === undefined
        ? ['default']
        : ['default', ['json', { outputFile: join(report, 'results.json') }], writeTimes(join(report, 'times.json'))],
    projects: [
      {
        root,
        test: {
          name: 'unit',
          // Files of a worker share loaded modules: to load them again took a quarter of the time.
          isolate: false,
          ...patience,
          env,
          include: [
            'src/**/*.test.ts',
            'test/lib/**/*.test.ts',
            'test/bench/**/*.test.ts',
            'test/soak/**/*.test.ts',
            'test/vectors/**/*.test.ts',
            'test/configs/**/*.test.ts',
            'test/fuzz/**/*.test.ts',
            'test/*.test.ts',
          ],
        },
      },
      {
        root,
        test: {
          name: 'scenarios',
          include: ['test/scenarios/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/attacks/**/*.test.ts'],
          globalSetup,
          ...patience,
          env,
        },
      },
      { root, test: { name: 'peers', include: ['test/peers/**/*.test.ts'], globalSetup, ...patience, env } },
    ],
  },
})
