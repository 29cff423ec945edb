// The certificates that no machine of the list has, from the refusals in the ledger.

import type { Config } from '../../config/config.ts'
import { commandClock } from '../../lib/clock.ts'
import { asUnavailable } from '../../queue/contract/queue-unavailable.ts'
import { openQueueReader } from '../../queue/sqlite/direct-access.ts'
import { queueDirectory } from '../../wiring/node-paths.ts'

export interface UnknownCertificate {
  /** Subject and fingerprint of the key. */
  readonly what: string
  readonly count: number
  /** Unix milliseconds. */
  readonly last: number
  readonly client: string
}

/** Listed at most: clients make up certificates as they like. */
const MOST_LISTED = 50
/** The cause that auth/machines.ts gives. */
const cause = /unknown certificate (.+)$/s

/** The most frequent first; none before the first start of the node. Times are unix milliseconds. */
export async function unknownCertificates(
  config: Pick<Config, 'data'>,
  range: { readonly since: number; readonly until: number },
): Promise<readonly UnknownCertificate[]> {
  const found = new Map<string, UnknownCertificate>()
  try {
    const reader = openQueueReader(queueDirectory(config), commandClock)
    try {
      for await (const events of reader.ledger({ ...range, kinds: ['rejected'] }))
        for (const event of events) {
          const what =
            event.kind === 'rejected' && event.check === 'admission' ? cause.exec(event.cause)?.[1] : undefined
          if (what === undefined || event.kind !== 'rejected') continue
          const count = (found.get(what)?.count ?? 0) + 1
          found.set(what, { what, count, last: event.at, client: event.remote })
        }
    } finally {
      reader.close()
    }
  } catch (error) {
    if (!asUnavailable(error)) throw error
  }
  return [...found.values()].toSorted((a, b) => b.count - a.count).slice(0, MOST_LISTED)
}
