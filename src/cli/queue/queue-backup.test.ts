// waypost queue backup and restore: output and errors.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type QueueNode, queueNode, runCommand } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import { queueBackup, queueRestore } from './queue-backup.ts'

let node: QueueNode
let other: QueueNode
let target: string
beforeEach(() => {
  node = queueNode()
  other = queueNode()
  target = join(node.folder, 'backup')
})
afterEach(async () => {
  await node.place.remove()
  await other.place.remove()
})

const backup = () => runCommand((io) => queueBackup({ config: node.config, target, json: false }, io))
const restore = (change: object = {}) =>
  runCommand((io) => queueRestore({ config: other.config, target, json: false, force: false, now: 0, ...change }, io))

it('copies a running queue into another node', async () => {
  const queue = await node.open()
  await queue.accept(sampleMessage(), { claim: false })
  expect(await backup()).toEqual({ code: 0, err: '', out: `${target}: 1 messages, 0 bodies in files, verified\n` })
  expect(await backup()).toMatchObject({ code: 1, err: expect.stringContaining('is not empty') })
  expect(await restore()).toMatchObject({ code: 0, out: expect.stringContaining('1 messages') })
  expect((await (await other.open()).reader.stats()).messages).toBe(1)
})

it('replaces a queue with mail only with --force, and prints where it is', async () => {
  await (await node.open()).close()
  await backup()
  const there = await other.open()
  await there.accept(sampleMessage(), { claim: false })
  await there.close()
  expect(await restore()).toMatchObject({ code: 1, err: expect.stringContaining('holds 1 messages') })
  const { code, out } = await restore({ force: true, json: true })
  expect(code).toBe(0)
  expect(existsSync((JSON.parse(out) as { movedAside: string }).movedAside)).toBe(true)
})

it('reports a missing queue and a missing backup', async () => {
  expect(await backup()).toMatchObject({ code: 1, err: expect.stringContaining('no queue in') })
  expect(await restore()).toMatchObject({ code: 1, err: expect.stringContaining('is not a complete backup') })
})
