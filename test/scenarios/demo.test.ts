// `waypost demo` is the first thing a newcomer runs: every story has to end as it must, the exit code has to say so, what it offers to play
// with has to work, and however it ends it leaves nothing behind.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runWaypost } from '../lib/run-waypost.ts'
import { until } from '../lib/until.ts'

const root = join(import.meta.dirname, '../..')
const PATIENCE_MS = 90_000

interface Demo {
  readonly child: ChildProcess
  readonly output: () => string
  /** Resolves when it has printed this; rejects if it ends before. */
  readonly says: (text: string) => Promise<void>
  readonly ended: Promise<number | null>
}

function startDemo(...options: readonly string[]): Demo {
  const child = spawn(process.execPath, ['src/main.ts', 'demo', ...options], { cwd: root })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const says = async (text: string) => {
    const over = () => child.exitCode !== null
    await until(() => output.includes(text) || over(), { what: text, timeout: PATIENCE_MS })
    if (!output.includes(text)) throw new Error(`it ended before it said "${text}":\n${output}`)
  }
  const ended = once(child, 'close').then(([status]) => status as number | null)
  return { child, output: () => output, says, ended }
}

it.concurrent('tells all seven stories, with the way of each mail, and ends with 0', {
  timeout: PATIENCE_MS,
}, async () => {
  const { output, ended } = startDemo()
  const status = await ended
  const failed = output()
    .split('\n')
    .filter((line) => line.includes('✘'))
  expect({ status, failed }).toEqual({ status: 0, failed: [] })
  const [stories, summary] = output().split('What happened') as [string, string]
  expect([...summary.matchAll(/✔ \(([a-g])\) \S/g)].map((match) => match[1]).join('')).toBe('abcdefg')
  const told = stories.split(/\n(?=\([a-g]\) )/).slice(1)
  expect(told).toHaveLength(7)
  for (const story of told) expect(story).toMatch(/the way of <|refused at RCPT/)
  expect(summary).toContain('Everything ended as it must.')
})

it.concurrent('stays with --stay: the commands that it offers work, and Ctrl-C ends it all', {
  timeout: PATIENCE_MS,
}, async () => {
  const { child, output, says, ended } = startDemo('--stay')
  await says('DNS answers at')
  const folder = /Everything is in (\S+)\. /.exec(output())?.[1] as string
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
  ['the end of its terminal', ({ child }: Demo) => child.kill('SIGHUP')],
  ['a reader who has seen enough', ({ child }: Demo) => child.stdout?.destroy()],
])('leaves nothing behind when it is ended in the middle by %s', { timeout: PATIENCE_MS }, async (_what, end) => {
  const demo = startDemo()
  const { child, says, ended } = demo
  await says('\n(a) ')
  const nodes = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  expect(nodes).toHaveLength(4)
  const [, folder] = /run\0-c\0(.+)\/\w+\.yaml/.exec(readFileSync(`/proc/${nodes[0]}/cmdline`, 'utf8')) ?? []
  expect(existsSync(folder as string)).toBe(true)
  end(demo)
  await ended
  // Killed with it, but the kernel takes them away one by one.
  await until(() => !nodes.some(isRunning), { what: 'the nodes to be gone' })
  expect(existsSync(folder as string)).toBe(false)
})

/** A process that nobody has asked for its end yet is a zombie, which runs no more. */
function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

it.runIf(process.platform === 'linux')('leaves no node behind when it is ended in the middle', async () => {
  const { child, says, ended } = startDemo()
  await says('\n(a) ')
  const nodes = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
  expect(nodes).toHaveLength(4)
  child.kill('SIGTERM')
  expect(await ended).toBe(1)
  expect(nodes.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([])
})
