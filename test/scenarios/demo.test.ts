// `waypost demo` is the first command a new user runs: every scenario passes, the exit code reports it, the suggested commands work, and
// no process or file remains after any way to end it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { testedCommand } from '../lib/tested-program.ts'
import { until } from '../lib/until.ts'

const root = join(import.meta.dirname, '../..')
const PATIENCE_MS = 90_000

interface Demo {
  readonly child: ChildProcess
  readonly output: () => string
  /** Resolves when it has printed `text`; rejects if it exits before. */
  readonly printed: (text: string) => Promise<void>
  readonly ended: Promise<number | null>
}

function startDemo(...options: readonly string[]): Demo {
  const child = spawn(...testedCommand(['demo', ...options]), { cwd: root })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const printed = async (text: string) => {
    const exited = () => child.exitCode !== null
    await until(() => output.includes(text) || exited(), { what: text, timeout: PATIENCE_MS })
    if (!output.includes(text)) throw new Error(`it exited before it printed "${text}":\n${output}`)
  }
  const ended = once(child, 'close').then(([status]) => status as number | null)
  return { child, output: () => output, printed, ended }
}

it.concurrent('passes all seven scenarios, prints the trace of each message, and exits with 0', {
  timeout: PATIENCE_MS,
}, async () => {
  const { output, ended } = startDemo()
  const status = await ended
  const failed = output()
    .split('\n')
    .filter((line) => line.includes('✘'))
  expect({ status, failed }).toEqual({ status: 0, failed: [] })
  const [scenarios, summary] = output().split('\nSummary\n') as [string, string]
  expect([...summary.matchAll(/✔ \(([a-g])\) \S/g)].map((match) => match[1]).join('')).toBe('abcdefg')
  const printed = scenarios.split(/\n(?=\([a-g]\) )/).slice(1)
  expect(printed).toHaveLength(7)
  for (const scenario of printed) expect(scenario).toMatch(/trace of <|address at RCPT/)
  expect(summary).toContain('All scenarios passed.')
})

it.concurrent('keeps running with --stay: the suggested commands work, and Ctrl-C ends all processes', {
  timeout: PATIENCE_MS,
}, async () => {
  const { child, output, printed, ended } = startDemo('--stay')
  await printed('The DNS server is')
  const folder = /Its files are in (\S+)\. /.exec(output())?.[1] as string
  const commands = [...output().matchAll(/^ +npm run -s waypost -- (.+)$/gm)].map((match) => match[1] as string)
  expect(commands.length).toBeGreaterThanOrEqual(5)
  for (const command of commands) {
    const ran = await runWaypost(command.split(' '))
    expect({ command, status: ran.status, stderr: ran.stderr }).toEqual({ command, status: 0, stderr: '' })
  }
  child.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(existsSync(folder)).toBe(false)
})

it.runIf(process.platform === 'linux').each([
  ['a closed terminal', ({ child }: Demo) => child.kill('SIGHUP')],
  ['a closed output pipe', ({ child }: Demo) => child.stdout?.destroy()],
])('leaves no process and no file when it is interrupted by %s', { timeout: PATIENCE_MS }, async (_what, end) => {
  const demo = startDemo()
  const { child, printed, ended } = demo
  await printed('\n(a) ')
  const nodes = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  expect(nodes).toHaveLength(4)
  const [, folder] = /run\0-c\0(.+)\/\w+\.yaml/.exec(readFileSync(`/proc/${nodes[0]}/cmdline`, 'utf8')) ?? []
  expect(existsSync(folder as string)).toBe(true)
  end(demo)
  await ended
  // The nodes are killed at its exit, but the kernel removes them one by one.
  await until(() => !nodes.some(isRunning), { what: 'the exit of the nodes' })
  expect(existsSync(folder as string)).toBe(false)
})

/** A zombie does not run: it waits until its parent reads its exit status. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

it.runIf(process.platform === 'linux')('leaves no node process when it is terminated', async () => {
  const { child, printed, ended } = startDemo()
  await printed('\n(a) ')
  const nodes = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  expect(nodes).toHaveLength(4)
  child.kill('SIGTERM')
  expect(await ended).toBe(1)
  expect(nodes.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
})
