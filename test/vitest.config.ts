import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('..', import.meta.url))

// Three kinds of tests: `unit` beside the code, `scenarios` with whole nodes, `peers` with real software of others.
// WAYPOST_TEST_REPORT names a file for the numbers that `npm test` sums up.
const report = process.env['WAYPOST_TEST_REPORT']

// Only ends a test that hangs: the speed of a busy machine is not tested.
const patience = { testTimeout: 60_000, hookTimeout: 60_000 }

// Tests of these projects start the program as a bundle, made once before them.
const globalSetup = [join(root, 'test/build-program.ts')]

// As the unit file sets it: whole nodes and commands start in two thirds of the CPU time.
const env = { NODE_COMPILE_CACHE: join(tmpdir(), 'waypost-test-compile-cache') }

export default defineConfig({
  test: {
    // As many files at once as there are processors (usual: one less): tests wait for others more than they compute.
    maxWorkers: availableParallelism(),
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
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
