// waypost reload finds the node that runs, and never signals a process that only has the number of one that ran.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { captureIo } from '../../../test/lib/captured-io.ts'
import { type QueueNode, queueNode } from '../../../test/lib/queue-command.ts'
import { reload } from './reload-command.ts'

let node: QueueNode
let bystander: ChildProcess

beforeEach(() => {
  node = queueNode()
  bystander = spawn('sleep', ['60'])
})
afterEach(async () => {
  bystander.kill('SIGKILL')
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
  const ended = once(bystander, 'exit')
  expect(await reloaded(`${bystander.pid}\n`)).toMatchObject([
    0,
    expect.stringContaining(`sent SIGHUP to PID ${bystander.pid}`),
  ])
  expect(await ended).toEqual([null, 'SIGHUP'])
})

it('says what there is to be warned of, at its place', async () => {
  await node.open()
  const [, said] = await reloaded(`${bystander.pid}\n`)
  expect(said).toMatch(/^.*:\d+:\d+: mail to postmaster@example\.org is refused .* \(warning\)$/m)
})

it('leaves a process alone that got the number of a node which crashed', async () => {
  const queue = await node.open()
  await queue.close()
  expect(await reloaded(`${bystander.pid}\n`)).toMatchObject([1, expect.stringContaining('no node runs')])
  expect(bystander.signalCode).toBeNull()
})

it.each(['', '0\n', '-1\n', 'x\n', '1.5\n'])('signals nobody for the pid file %j', async (text) => {
  await node.open()
  expect(await reloaded(text)).toMatchObject([1, expect.stringContaining('no node runs')])
})
