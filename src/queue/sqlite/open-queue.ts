// Opens the SQLite queue of a node: the store worker, the spool, and the sweep of the spool. The only constructor of a Queue.

import { join } from 'node:path'
import { createBudgets } from '../../budget/budgets.ts'
import type { Pool } from '../../budget/pool.ts'
import type { Clock } from '../../lib/clock.ts'
import { makeDirectory } from '../../lib/make-directory.ts'
import type { Random } from '../../lib/random.ts'
import { SqliteQueue } from './sqlite-queue.ts'
import { type FreeSpace, freeSpace } from './storage-health.ts'
import type { OpenQueue } from '../contract/opened-queue.ts'
import type { QueueSettings } from '../contract/queue-settings.ts'
import { Backlog } from '../scheduling/destination-backlog.ts'
import { Spool } from './spool/spool.ts'
import { SpoolSpace } from './spool/spool-space.ts'
import { sweepSpool } from './spool/spool-sweep.ts'
import { StoreClient, type CommitListener } from './worker/store-client.ts'

export interface QueuePorts {
  readonly clock: Clock
  readonly randomBytes: Random
  /** The budget `spoolOctets`; a separate pool with its numbers if absent. */
  readonly octets?: Pool
  /** Free space on the file system of a directory. */
  readonly freeSpace?: (directory: string) => Promise<FreeSpace>
}

/** Opens or creates a queue. Rejects with QueueUnavailable: owned, corrupt, newer, full, failing. */
export async function openQueue(settings: QueueSettings, ports: QueuePorts): Promise<OpenQueue> {
  const { clock } = ports
  const measure = ports.freeSpace ?? freeSpace
  const space = new SpoolSpace({
    clock,
    pool: ports.octets ?? createBudgets(clock).pool('spoolOctets'),
    freeBytes: async () => (await measure(settings.directory)).bytes,
    reserveBytes: settings.reserveBytes,
  })
  const spool = new Spool(join(settings.directory, 'spool'), ports.randomBytes, { folder: null, space })
  const backlog = new Backlog()
  // Until the queue exists, only the backlog follows the commits.
  const listener: { current: CommitListener } = {
    current: { committed: ({ changed }) => backlog.apply(changed), failed: () => undefined },
  }
  const {
    client,
    recovered,
    waiting,
    destinations,
    spool: owners,
  } = await StoreClient.start(
    { ...settings, now: clock.now() },
    {
      committed: (news) => listener.current.committed(news),
      failed: (cause) => listener.current.failed(cause),
    },
  )
  backlog.apply(destinations)
  makeDirectory(spool.directory)
  const { orphans, lost } = await sweepSpool(spool.directory, owners, clock.now())
  for (const file of orphans) await spool.remove(file)
  for (const { queueId, reason } of lost) await client.run({ kind: 'lost', queueId, reason, now: clock.now() })
  const queue = new SqliteQueue({
    client,
    spool,
    backlog,
    clock,
    waiting,
    settings,
    opened: { recovered, orphansRemoved: orphans.length, lost },
    freeSpace: measure,
  })
  listener.current = queue
  return queue
}
