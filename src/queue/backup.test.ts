// A backup of a working queue, and a node that starts from it.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { sampleMessage, type TestQueue, testQueue } from '../../test/lib/queue-samples.ts'
import { backupQueue, restoreQueue } from './backup.ts'
import type { OpenQueue } from './opened-queue.ts'

let place: TestQueue
let queue: OpenQueue
beforeEach(async () => {
  place = testQueue()
  queue = await place.open()
})
afterEach(() => place.remove())

async function spooled(text: string) {
  const { file, stream, ...rest } = await queue.createSpoolFile()
  stream.end(text)
  const { size } = await rest.finish()
  return sampleMessage({ body: { kind: 'spool', file, size } })
}

it('takes a copy of a working queue from which a node can start', async () => {
  const large = await spooled('a large body')
  await queue.accept(large, { claim: true })
  const taking = backupQueue(place.directory, join(place.directory, 'backup'))
  await Promise.all(Array.from({ length: 50 }, () => queue.accept(sampleMessage(), { claim: false })))
  const { messages, spoolFiles, gone } = await taking
  expect([spoolFiles, gone]).toEqual([1, []])
  expect(messages).toBeGreaterThan(0)
  const restored = join(place.directory, 'restored')
  expect(await restoreQueue(join(place.directory, 'backup'), restored)).toEqual({ messages, spoolFiles: 1, gone: [] })
  const again = await place.open({ directory: restored })
  expect(again.opened).toEqual({ recovered: 1, orphansRemoved: 0, lost: [] })
  const [claim] = await again.claim({ nextHop: 'mx:example.net', limit: 1, now: place.clock.time + 3_600_000 })
  expect(claim?.message.queueId).toBeDefined()
  expect(String(await buffer(again.openBody(large.body)))).toBe('a large body')
})

it('overwrites nothing', async () => {
  await backupQueue(place.directory, join(place.directory, 'backup'))
  await expect(backupQueue(place.directory, join(place.directory, 'backup'))).rejects.toThrow(/not empty/)
  await expect(restoreQueue(join(place.directory, 'backup'), place.directory)).rejects.toThrow(/already has a queue/)
})

it('names the mail whose body was gone', async () => {
  const large = await spooled('soon gone')
  await queue.accept(large, { claim: false })
  if (large.body.kind === 'spool') rmSync(join(place.directory, 'spool', large.body.file))
  const report = await backupQueue(place.directory, join(place.directory, 'backup'))
  expect(report).toEqual({ messages: 1, spoolFiles: 0, gone: [large.queueId] })
})
