// The digest of a period: what happened, from the ledger, and what the node needs now, from its status.

import type { FleetNodeStatus } from '../fleet-view/fleet-client.ts'
import type { NodeStatus } from '../fleet-view/node-status.ts'
import type { EventKind } from '../observe/events.ts'
import type { QueueReader } from '../queue/contract/queue-reader.ts'
import { createDigestCounter, type DigestCounts } from './digest-counts.ts'

export interface Digest {
  readonly node: string
  /** Unix milliseconds. */
  readonly from: number
  readonly to: number
  readonly counts: DigestCounts
  /** The ledger has more entries than a digest reads; the counts end at this time. Null if all were read. */
  readonly cutAt: number | null
  /** Null if the node does not run. */
  readonly status: NodeStatus | null
  readonly fleet: readonly { readonly name: string; readonly release: string | null; readonly problem: string | null }[]
}

export interface DigestParts {
  readonly node: string
  readonly from: number
  readonly to: number
  readonly reader: Pick<QueueReader, 'ledger'>
  readonly status: NodeStatus | null
  readonly fleet: readonly FleetNodeStatus[]
  readonly providerOf: Parameters<typeof createDigestCounter>[0]
  /** Entries that are read; by default MOST_ENTRIES. */
  readonly most?: number
}

/** What a digest counts; checks, signatures and resolutions are most of the ledger. */
const kinds: readonly EventKind[] = [
  'received',
  'delivered',
  'deferred',
  'failed',
  'expired',
  'rejected',
  'limit-near',
  'account-held',
  'banned',
  'complained',
]
/** A week of ten messages a second; reading them takes some minutes of one processor, page by page. */
const MOST_ENTRIES = 10_000_000

/** Rejects with QueueUnavailable. */
export async function gatherDigest({
  node,
  from,
  to,
  reader,
  status,
  fleet,
  providerOf,
  most = MOST_ENTRIES,
}: DigestParts): Promise<Digest> {
  const counter = createDigestCounter(providerOf)
  let entries = 0
  let cutAt: number | null = null
  for await (const events of reader.ledger({ since: from, until: to, kinds })) {
    if (++entries > most) {
      cutAt = events[0]?.at ?? to
      break
    }
    // An entry can begin before the period, and a transferred message brings events of another node.
    for (const event of events) if (event.at >= from && event.at < to && event.node === undefined) counter.record(event)
  }
  return {
    node,
    from,
    to,
    counts: counter.result(),
    cutAt,
    status,
    fleet: fleet.map(({ name, told }) =>
      told.kind === 'answer'
        ? {
            name,
            release: told.value.release,
            problem: told.value.health.kind === 'ok' ? null : told.value.health.kind,
          }
        : { name, release: null, problem: told.cause },
    ),
  }
}
