// Is there room for new mail? Asked at MAIL, so that a full disk costs a client no transfer (452 4.3.1). The answer is kept for a
// moment: a statfs for each of thousands of mails a second would be the larger load.

import type { Clock } from '../lib/clock.ts'
import { accept, refuse } from '../policy/verdict.ts'
import type { Verdict } from '../policy/verdict.ts'
import type { Queue, QueueHealth } from '../queue/contract/queue.ts'
import { asUnavailable } from '../queue/contract/queue-unavailable.ts'
import { refusal } from '../smtp/reply.ts'
import type { Refusal } from '../smtp/reply.ts'

/** How long an answer counts, ms: at full speed a second fills some ten megabytes, far less than the reserve. */
const FRESH_MS = 1000

export interface StorageGate {
  check(): Promise<Verdict>
  /** The refusal for a storage error, or null if the error is something else. */
  explain(error: unknown): Refusal | null
}

export function createStorageGate(queue: Pick<Queue, 'health'>, clock: Clock): StorageGate {
  let askedAt = Number.NEGATIVE_INFINITY
  let answer: Promise<Verdict> = Promise.resolve(accept)
  const check = () => {
    if (clock.now() - askedAt > FRESH_MS || clock.now() < askedAt) {
      askedAt = clock.now()
      answer = queue.health().then(judge, (error: unknown) => refuse(explain(error) ?? storageDown(String(error))))
    }
    return answer
  }
  return { check, explain }
}

function judge(health: QueueHealth): Verdict {
  if (health.kind === 'ok') return accept
  return refuse(health.kind === 'full' ? storageFull(room(health)) : storageDown(health.cause))
}

function room(health: QueueHealth & { kind: 'full' }): string {
  return health.freeFiles === undefined ? `${health.freeBytes} octets free` : `${health.freeFiles} files (inodes) free`
}

function explain(error: unknown): Refusal | null {
  const unavailable = asUnavailable(error)
  if (!unavailable) return null
  return unavailable.cause === 'full' ? storageFull(unavailable.message) : storageDown(unavailable.message)
}

function storageFull(cause: string): Refusal {
  return refusal(452, '4.3.1', 'Insufficient system storage, please try again later', cause)
}

function storageDown(cause: string): Refusal {
  return refusal(451, '4.3.0', 'Mail storage is temporarily unavailable', cause)
}
