// The fixture of a format of the queue: messages in every state, as a release leaves them on disk. Written once per format.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openReadOnly } from '../../src/queue/sqlite/database/database.ts'
import { openQueue } from '../../src/queue/sqlite/open-queue.ts'
import { queueSettings } from '../../src/queue/contract/queue-settings.ts'
import type { OpenQueue } from '../../src/queue/contract/opened-queue.ts'
import type { NewMessage, NewRecipient } from '../../src/queue/contract/queue.ts'
import { deferred, delivered, failed, sampleMessage, sampleRecipient, TestClock } from './queue-samples.ts'
import { dumpDatabase } from './sql-dump.ts'

/** The one spool file that the fixture names, and its content. */
export const fixtureSpool = { file: '00/010101010101010101010101', content: 'a large body' } as const

const by = 'postmaster'
const ends = [
  ['DEFERRED', deferred()],
  ['FAILED', failed()],
  ['DELIVERED', delivered()],
  ['GONE', delivered()],
] as const

/** A queue of the present format with mail in every state, as SQL text. */
export async function presentFormat(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'waypost-format-'))
  let octets = 0
  const randomBytes = (count: number) => Buffer.alloc(count, ++octets)
  const queue = await openQueue(
    { ...queueSettings(directory), reserveBytes: 0 },
    { clock: new TestClock(), randomBytes },
  )
  await fill(queue)
  const db = openReadOnly(directory)
  const dump = dumpDatabase(db)
  db.close()
  await queue.close()
  rmSync(directory, { recursive: true })
  return dump
}

async function fill(queue: OpenQueue): Promise<void> {
  const take = (queueId: string, recipients: NewRecipient[], change: Partial<NewMessage> = {}, claim = false) =>
    queue.accept(sampleMessage({ queueId, recipients, ...change }), { claim })
  const to = (address: string, change: Partial<NewRecipient> = {}) => sampleRecipient({ address, ...change })
  await take('QUEUED', [to('queued@example.net')])
  await take('HELD', [to('held@example.net')])
  await queue.control({ action: 'hold', filter: { queueIds: ['HELD'] }, by, reason: 'look at it' })
  await queue.suspend({ nextHop: 'mx:slow.example', by, reason: 'maintenance there' })
  await take('SUSPENDED', [to('suspended@slow.example', { nextHop: 'mx:slow.example' })])
  for (const [queueId, outcome] of ends) {
    const notify = queueId === 'DELIVERED' ? (['SUCCESS'] as const) : []
    const recipient = to(`${queueId.toLowerCase()}@example.net`, { parameters: { notify, orcpt: null } })
    const claims = await take(queueId, [recipient], { senderProven: false }, true)
    for (const { nextHop, recipients } of claims)
      await queue.settle({
        queueId,
        nextHop,
        outcomes: recipients.map(({ recipientId }) => ({ recipientId, outcome })),
      })
  }
  await take('CLAIMED', [to('claimed@example.net')], {}, true)
  await queue.control({ action: 'bounce', filter: { queueIds: ['CLAIMED'] }, by, reason: 'too late' })
  const parameters = {
    size: 42,
    body: '8BITMIME',
    smtputf8: true,
    requireTls: false,
    ret: 'HDRS',
    envid: 'e1',
  } as const
  const bounce = to('bounce@example.net', { reversePath: null, private: true })
  await take('NULLSENDER', [bounce], { sender: null, parameters })
  const spooled = await queue.createSpoolFile()
  spooled.stream.end(fixtureSpool.content)
  const { size } = await spooled.finish()
  const body = { kind: 'spool', file: spooled.file, size } as const
  await take('SPOOLED', [to('spooled@example.net'), to('second@example.net')], { body })
}
