// Measures idle nodes and commands: processor time from the start to ready, memory after a time of idleness, time of commands.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type IdleRole, idleRoles, prepareIdleNodes } from '../../lib/idle-nodes.ts'
import { memoryOf, type ProcessMemory } from '../../lib/process-memory.ts'
import { startWorld, type WholeNode } from '../../lib/whole-node.ts'
import { medianOf } from '../median.ts'
import { cpuSeconds } from '../process-tree.ts'
import { unitEnvironment } from '../unit-environment.ts'
import { type CommandTime, type IdleNode, type IdleResults, type ProgramName, programNames } from './idle-report.ts'

/** A node releases memory after 10 s. */
const IDLE_SECONDS = 30
/** The first run of each fills the cache of compiled code and is not counted. */
const RUNS = 5

const opensslConfig = join(import.meta.dirname, '../../../src/openssl.cnf')

/** How a program is started: a command with its first arguments. */
export type Programs = Readonly<Record<ProgramName, readonly [command: string, ...args: string[]]>>

interface Times {
  readonly cpu: number
  readonly wall: number
}

/** Measures all of them one after another. */
export async function measureIdle(programs: Programs, say: (line: string) => void): Promise<IdleResults> {
  const world = await startWorld()
  try {
    const nodes = await prepareIdleNodes(world)
    const results: IdleNode[] = []
    const commands: CommandTime[] = []
    for (const program of programNames) {
      const started = programs[program]
      const found = await measureNodes(started, nodes, async () => {
        for (const command of commandsFor(nodes.get('srs') as WholeNode))
          commands.push({ command: command.name, program, ...(await measureCommand([...started, ...command.args])) })
      })
      for (const [role, one] of found) {
        results.push({ role, program, ...one })
        say(
          `${role} from the ${program}: RSS ${one.memory.rss.toFixed(0)} MiB, ready after ${one.cpu.toFixed(2)} s CPU`,
        )
      }
    }
    return { nodes: results, commands, bare: await measureBare(world.folder), idleSeconds: IDLE_SECONDS, runs: RUNS }
  } finally {
    await world.close()
  }
}

function commandsFor({ config }: WholeNode): readonly { readonly name: string; readonly args: readonly string[] }[] {
  const at = ['-c', config]
  return [
    { name: '--version', args: ['--version'] },
    { name: 'status', args: ['status', ...at] },
    { name: 'queue list', args: ['queue', 'list', ...at] },
    { name: 'trace', args: ['trace', 'kim@example.org', ...at] },
    { name: 'check --offline', args: ['check', '--offline', ...at] },
  ]
}

/** @param whileIdle runs after all nodes have been idle, before their memory is read */
async function measureNodes(
  program: readonly string[],
  nodes: ReadonlyMap<IdleRole, WholeNode>,
  whileIdle: () => Promise<void>,
): Promise<ReadonlyMap<IdleRole, Times & { readonly memory: ProcessMemory }>> {
  const running = new Map<IdleRole, { readonly child: ChildProcess } & Times>()
  try {
    for (const role of idleRoles) {
      const starts: Times[] = []
      const command = [...program, 'run', '-c', (nodes.get(role) as WholeNode).config]
      for (let run = 0; run < RUNS; run++) {
        const { child, ...times } = await startNode(command)
        await stop(child)
        if (run > 0) starts.push(times)
      }
      const last = await startNode(command)
      starts.push(last)
      running.set(role, { child: last.child, ...medians(starts) })
    }
    await sleep(IDLE_SECONDS * 1000)
    const memory = [...running].map(([role, { child, cpu, wall }]) => {
      return [role, { cpu, wall, memory: memoryOf(child.pid as number) }] as const
    })
    await whileIdle()
    return new Map(memory)
  } finally {
    await Promise.all([...running.values()].map(({ child }) => stop(child)))
  }
}

async function startNode([command = '', ...args]: readonly string[]): Promise<
  { readonly child: ChildProcess } & Times
> {
  const since = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment() })
  const lines: string[] = []
  await new Promise<void>((resolve, reject) => {
    const read = (line: string) => {
      lines.push(line)
      if (line.includes('"msg":"ready"')) resolve()
    }
    createInterface({ input: child.stdout }).on('line', read)
    createInterface({ input: child.stderr }).on('line', read)
    child.once('exit', () => reject(new Error(`the node did not start:\n${lines.join('\n')}`)))
  })
  return { child, cpu: cpuSeconds(child.pid as number), wall: (performance.now() - since) / 1000 }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill()
  await ended
}

/** The cache of compiled code is written by the first run. */
async function measureCommand(command: readonly string[]): Promise<Times> {
  const runs: Times[] = []
  for (let run = 0; run <= RUNS; run++) {
    const times = await runCommand(command)
    if (run > 0) runs.push(times)
  }
  return medians(runs)
}

/** The processor time of this process has that of its children that have ended. */
async function runCommand([command = '', ...args]: readonly string[]): Promise<Times> {
  const before = cpuSeconds(process.pid) - process.cpuUsage().user / 1e6 - process.cpuUsage().system / 1e6
  const since = performance.now()
  const child = spawn(command, args, { stdio: 'ignore', env: environment() })
  await once(child, 'exit')
  const wall = (performance.now() - since) / 1000
  const after = cpuSeconds(process.pid) - process.cpuUsage().user / 1e6 - process.cpuUsage().system / 1e6
  return { cpu: after - before, wall }
}

async function measureBare(folder: string): Promise<IdleResults['bare']> {
  const empty = join(folder, 'empty.cjs')
  writeFileSync(empty, '')
  const times = await measureCommand([process.execPath, empty])
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
  await sleep(1000)
  const memory = memoryOf(child.pid as number)
  await stop(child)
  return { memory, ...times }
}

function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS = '', ...unit } = unitEnvironment()
  return { ...process.env, ...unit, NODE_OPTIONS: `--openssl-config=${opensslConfig} ${NODE_OPTIONS}` }
}

function medians(times: readonly Times[]): Times {
  return { cpu: medianOf(times.map(({ cpu }) => cpu)), wall: medianOf(times.map(({ wall }) => wall)) }
}
