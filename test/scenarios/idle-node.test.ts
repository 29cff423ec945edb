// The memory of an idle node of each role, with the environment of deploy/waypost.service, and the code that a command and a node load. Both
// are what the bundle has; sources need more (docs/decisions/0078-memory-of-idle-nodes.md).

import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Part, partsOf } from '../../build/bundle.ts'
import { unitEnvironment } from '../bench/unit-environment.ts'
import { type IdleRole, idleRoles, prepareIdleNodes } from '../lib/idle-nodes.ts'
import { memoryOf } from '../lib/process-memory.ts'
import { until } from '../lib/until.ts'
import { startWorld, type WholeNode, type World } from '../lib/whole-node.ts'

const bundle = process.env['WAYPOST_TEST_BUNDLE']
/** What docs/benchmarks.md shows, and a tenth more: the C library keeps more free memory on some runs than on others. MiB. */
const MOST_RSS = 120 * 1.1
const MOST_PRIVATE = 55 * 1.1
/** The node releases memory at its first look, after 10 s. */
const RELEASE_TIMEOUT = 60_000

describe.skipIf(bundle === undefined)('an idle node', () => {
  let world: World
  let nodes: ReadonlyMap<IdleRole, WholeNode>
  const nodeOf = (role: IdleRole) => nodes.get(role) as WholeNode

  beforeAll(async () => {
    // Nodes take over this environment. The cache of compiled code stays that of the tests.
    const { NODE_COMPILE_CACHE: _own, ...environment } = unitEnvironment()
    Object.assign(process.env, environment)
    world = await startWorld()
    nodes = await prepareIdleNodes(world)
    // Fills the cache of compiled code. A start that compiles needs some 20 MiB more, which the C library keeps.
    await nodeOf('mx').start()
    await nodeOf('mx').stop()
    await Promise.all([...nodes.values()].map((node) => node.start()))
  })
  afterAll(() => world.close())

  it.each(idleRoles)(
    '%s needs little memory',
    async (role) => {
      const { pid } = nodeOf(role)
      const isSmall = () => memoryOf(pid).rss <= MOST_RSS && memoryOf(pid).privateDirty <= MOST_PRIVATE
      await until(isSmall, { what: `the memory of ${role}`, timeout: RELEASE_TIMEOUT, every: 500 }).catch(
        () => undefined,
      )
      expect(memoryOf(pid).rss).toBeLessThanOrEqual(MOST_RSS)
      expect(memoryOf(pid).privateDirty).toBeLessThanOrEqual(MOST_PRIVATE)
    },
    2 * RELEASE_TIMEOUT,
  )

  it.each(idleRoles)('%s has threads for the queue and the state only', (role) => {
    expect(workerThreads(nodeOf(role).pid)).toBe(2)
  })

  it('mx starts a thread that verifies messages when a message comes', async () => {
    const mx = nodeOf('mx')
    expect((await mx.send({ to: ['kim@example.org'] })).kind).toBe('accepted')
    expect(workerThreads(mx.pid)).toBe(3)
  })
})

/** Worker threads of Node.js, by the name that it gives them. */
function workerThreads(pid: number): number {
  const names = readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, 'latin1'))
  return names.filter((name) => name.trim() === 'WorkerThread').length
}

/** Modules that start a command, and the most KiB of code that it may load: what it has, and a tenth. */
const loads: readonly (readonly [string, readonly string[], number])[] = [
  ['--version', ['src/cli/program.ts'], 400],
  ['status', ['src/cli/program.ts', 'src/cli/status/status-command.ts'], 870],
  ['queue list', ['src/cli/program.ts', 'src/cli/queue/queue-list.ts'], 1720],
  ['trace', ['src/cli/program.ts', 'src/cli/mail/trace.ts'], 1700],
  ['check', ['src/cli/program.ts', 'src/cli/node/check-command.ts'], 1900],
  ['sendmail', ['src/cli/sendmail/sendmail.ts'], 75],
  ['run', ['src/cli/program.ts', 'src/cli/node/run-command.ts'], 3700],
]

/** Modules that no command loads before it needs them: databases, reports, keys of other formats, verification, the demonstration. */
const lazy =
  /node_modules\/(?:mailauth|mysql2|pg|pkijs|asn1js|jose|postal-mime|saxes|yauzl|joi|libmime)\/|^src\/(?:demo|setup\/(?!setup-folder))/
/** What only a node loads. */
const ofNodes =
  /^src\/(?:node\/node|server|reception|intake|bounce|status)\b|node_modules\/(?:smtp-server|prom-client|pino|nodemailer)\//

describe.skipIf(bundle === undefined)('the code that is loaded', () => {
  const parts = bundle === undefined ? [] : partsOf(bundle)

  it.each(loads)('by %s is what it needs', (command, entries, most) => {
    const loaded = loadedBy(parts, entries)
    const modules = loaded.flatMap((part) => part.modules)
    expect(modules.filter((name) => lazy.test(name))).toEqual([])
    if (command !== 'run') expect(modules.filter((name) => ofNodes.test(name))).toEqual([])
    expect(loaded.reduce((sum, { size }) => sum + size, 0) / 1024).toBeLessThan(most)
  })
})

/** The parts with these modules, and those that they load at once. */
function loadedBy(parts: readonly Part[], entries: readonly string[]): readonly Part[] {
  const byName = new Map(parts.map((part) => [part.name, part]))
  const found = new Set<Part>()
  const add = (part: Part | undefined): void => {
    if (!part || found.has(part)) return
    found.add(part)
    for (const name of part.imports) add(byName.get(name))
  }
  for (const entry of ['src/main.ts', ...entries]) {
    const part = parts.find(({ modules }) => modules.includes(entry))
    if (!part) throw new Error(`no part has ${entry}`)
    add(part)
  }
  return [...found]
}
