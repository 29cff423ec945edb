// waypost reload signals the running node, and never another process that has the PID of a crashed node.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type QueueNode, queueNode } from '../../../test/lib/queue-command.ts'
import { reload } from './reload-command.ts'

let node: QueueNode
let other: ChildProcess

beforeEach(() => {
  node = queueNode()
  other = spawn('sleep', ['60'])
})
afterEach(async () => {
  other.kill('SIGKILL')
  await node.place.remove()
})

async function reloaded(pid: string): Promise<readonly [number, string]> {
  writeFileSync(join(node.folder, 'data', 'waypost.pid'), pid)
  const io = captureIo()
  const code = await reload({ config: node.config }, io)
  return [code, io.out() + io.err()]
}

it('signals the process of a running node', async () => {
  await node.open()
  const ended = once(other, 'exit')
  expect(await reloaded(`${other.pid}\n`)).toMatchObject([
    0,
    expect.stringContaining(`sent SIGHUP to PID ${other.pid}`),
  ])
  expect(await ended).toEqual([null, 'SIGHUP'])
})

it('prints warnings with their positions', async () => {
  await node.open()
  const [, printed] = await reloaded(`${other.pid}\n`)
  expect(printed).toMatch(/^.*:\d+:\d+: mail to postmaster@example\.org is refused .* \(warning\)$/m)
})

it('does not signal a process that has the PID of a crashed node', async () => {
  const queue = await node.open()
  await queue.close()
  expect(await reloaded(`${other.pid}\n`)).toMatchObject([1, expect.stringContaining('no node is running')])
  expect(other.signalCode).toBeNull()
})

it.each(['', '0\n', '-1\n', 'x\n', '1.5\n'])('signals no process for the PID file %j', async (text) => {
  await node.open()
  expect(await reloaded(text)).toMatchObject([1, expect.stringContaining('no node is running')])
})
