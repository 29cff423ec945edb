// Transfer: a process moves messages from one queue to another until it is killed, again and again, while new messages arrive. In the end every
// message is in the target, once and complete.

import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { systemClock } from '../../../src/lib/clock.ts'
import { openQueue } from '../../../src/queue/sqlite/open-queue.ts'
import { queueSettings } from '../../../src/queue/contract/queue-settings.ts'
import { SyncQueueReader } from '../sync-queue-reader.ts'
import { sampleMessage, sampleRecipient } from '../queue-samples.ts'
import { countBy, type KillReport } from './kill-report.ts'
import { live } from './spawn-child.ts'

/** Messages added at once when few are left to move. */
const REFILL = 120
const LARGE = 160_000

/** Kills for `ms`, then judges. */
export async function killTransfer(directory: string, ms: number): Promise<KillReport> {
  const [here, there] = [join(directory, 'here'), join(directory, 'there')]
  const accepted: string[] = []
  const until = Date.now() + ms
  let kills = 0
  const life = (killAfter: number | null) =>
    live({ script: 'transfer-kill-child.ts', args: [here, there], killAfter, from: 'begun' })
  await fill(here, accepted)
  while (Date.now() < until) {
    const lines = await life(Math.random() * 60)
    if (lines.at(-1)?.startsWith('done')) await fill(here, accepted)
    else kills++
  }
  const last = await life(null)
  const broken = last.at(-1)?.match(/^done \d+ 0 $/) ? [] : [`the last run said: ${last.at(-1)}`]
  await judge({ here, there, accepted, broken })
  return { name: 'hand-over', kills, counts: { accepted: accepted.length }, broken }
}

async function fill(directory: string, accepted: string[]): Promise<void> {
  const settings = { ...queueSettings(directory), reserveBytes: 0 }
  const queue = await openQueue(settings, { clock: systemClock, randomBytes })
  const add = async () => {
    const queueId = `M${randomBytes(8).toString('hex')}`
    const bytes = bodyOf(queueId)
    const file = bytes.length > LARGE / 2 ? await queue.createSpoolFile() : null
    file?.stream.end(bytes)
    const body = file
      ? ({ kind: 'spool', file: file.file, size: (await file.finish()).size } as const)
      : ({ kind: 'inline', bytes } as const)
    const recipients = [sampleRecipient({ address: `${queueId}@example.net` })]
    await queue.accept(sampleMessage({ queueId, recipients, body, arrivedAt: Date.now() }), { claim: false })
    accepted.push(queueId)
  }
  await Promise.all(Array.from({ length: REFILL }, add))
  await queue.close()
}

/** The body that belongs to a queue id: some lie in files. Text, since a transfer refuses bare CR and LF. */
function bodyOf(queueId: string): Buffer {
  const hash = createHash('sha256').update(queueId).digest()
  return Buffer.alloc((hash[0] as number) < 50 ? LARGE : 100, hash.toString('hex'))
}

interface Evidence {
  readonly here: string
  readonly there: string
  readonly accepted: readonly string[]
  readonly broken: string[]
}

async function judge({ here, there, accepted, broken }: Evidence): Promise<void> {
  const left = new SyncQueueReader(here)
  for (const { queueId } of left.list()) broken.push(`${queueId}: still here`)
  const givenUp = countBy(
    [...left.ledger()].filter(({ kind }) => kind === 'transferred'),
    ({ queueId }) => queueId ?? '',
  )
  left.close()
  const reader = new SyncQueueReader(there)
  const arrived = countBy(
    [...reader.ledger()].filter(({ kind }) => kind === 'transfer-accepted'),
    ({ queueId }) => queueId ?? '',
  )
  for (const queueId of accepted) {
    if (arrived.get(queueId) !== 1) broken.push(`${queueId}: arrived ${arrived.get(queueId) ?? 0} times`)
    if (givenUp.get(queueId) !== 1) broken.push(`${queueId}: handed over ${givenUp.get(queueId) ?? 0} times`)
    const shown = reader.show(queueId)
    const body = shown && (await buffer(reader.openBody(shown.body)))
    if (!body?.equals(bodyOf(queueId))) broken.push(`${queueId}: its body is another one`)
  }
  reader.close()
}
