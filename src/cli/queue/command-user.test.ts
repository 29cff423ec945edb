// Root controls the queue of a node that runs as another user: every file belongs to that user afterwards.

import { chownSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type QueueNode, queueNode } from '../../../test/lib/queue-command.ts'
import { sampleMessage } from '../../../test/lib/queue-samples.ts'
import { runWaypost } from '../../../test/lib/run-waypost.ts'

const NOBODY = 65_534
let node: QueueNode
beforeEach(() => {
  node = queueNode()
})
afterEach(() => node.place.remove())

const below = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => join(entry.parentPath, entry.name))

it.skipIf(process.getuid?.() !== 0)('leaves only files that the node can use', { timeout: 60_000 }, async () => {
  const queue = await node.open()
  await queue.accept(sampleMessage(), { claim: false })
  await queue.close()
  const data = join(node.folder, 'data')
  for (const path of [node.folder, data, ...below(data)]) chownSync(path, NOBODY, NOBODY)
  const run = (...args: string[]) => runWaypost(['queue', ...args, '-c', node.config])
  expect(await run('hold', '--all')).toMatchObject({ status: 0, stderr: '' })
  expect(await run('list')).toMatchObject({ status: 0 })
  const backup = join(node.folder, 'backup')
  expect(await run('backup', backup)).toMatchObject({ status: 0, stderr: '' })
  expect(await run('restore', backup, '--force')).toMatchObject({ status: 0, stderr: '' })
  // A restored queue has no lock file. A failed restore must not create one that only root can lock.
  expect(await run('restore', backup)).toMatchObject({ status: 1, stderr: expect.stringContaining('--force') })
  expect(below(data).filter((path) => !path.includes('.replaced-') && statSync(path).uid !== NOBODY)).toEqual([])
  expect(await run('adopt', join(node.folder, 'nowhere'))).toMatchObject({ status: 1 })
})
