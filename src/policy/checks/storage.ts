// Refuses mail while the queue has no space or does not work. MAIL asks, so that a full disk costs no client a transfer (452 4.3.1).

import { asUnavailable } from '../../queue/contract/queue-unavailable.ts'
import type { Queue, QueueHealth } from '../../queue/contract/queue.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Refusal } from '../../smtp/reply.ts'
import type { Check, Finding } from '../check.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

/** @param queue gives the same promise for a second, so that a flood of MAIL commands costs nothing */
export function storageCheck(queue: Pick<Queue, 'health'>): Check {
  let asked: Promise<QueueHealth> | null = null
  let known: Finding | Promise<Finding> = { verdict: accept }
  const judgeAll = async (health: Promise<QueueHealth>): Promise<Finding> => {
    const failed = (error: unknown) => refuse(storageRefusal(error) ?? storageFailed(String(error)))
    const finding = { verdict: await health.then(judge, failed) }
    // Without a promise the next MAIL needs no timer.
    if (health === asked) known = finding
    return finding
  }
  return {
    name: 'storage',
    mail: () => {
      const health = queue.health()
      if (health !== asked) {
        asked = health
        known = judgeAll(health)
      }
      return known
    },
  }
}

function judge(health: QueueHealth): Verdict {
  if (health.kind === 'ok') return accept
  return refuse(health.kind === 'full' ? storageFull(freeSpace(health)) : storageFailed(health.cause))
}

/** What is left of the resource that has run out: bytes, or inodes. */
export function freeSpace(health: QueueHealth & { kind: 'full' }): string {
  return health.freeFiles === undefined ? `${health.freeBytes} bytes free` : `${health.freeFiles} inodes free`
}

/** The refusal for a storage error; null if the error is of another kind. */
export function storageRefusal(error: unknown): Refusal | null {
  const unavailable = asUnavailable(error)
  if (!unavailable) return null
  return unavailable.cause === 'full' ? storageFull(unavailable.message) : storageFailed(unavailable.message)
}

function storageFull(cause: string): Refusal {
  return refusal(452, '4.3.1', 'Insufficient system storage, please try again later', cause)
}

function storageFailed(cause: string): Refusal {
  return refusal(451, '4.3.0', 'Mail storage is temporarily unavailable', cause)
}
