// DNS-01 (RFC 8555 8.4) by changes of the zone: the node publishes the TXT record by itself and waits until the servers of the zone have it.

import { createHash } from 'node:crypto'
import type { Log } from '../lib/log.ts'
import { AcmeError } from './acme-error.ts'
import type { Challenger } from './challenge.ts'

/** Changes TXT records of a zone. Each function returns null, or why it failed, and never rejects. */
export interface ZoneWriter {
  /** Returns when the servers of the zone have the record. */
  add(owner: string, value: string): Promise<string | null>
  remove(owner: string, value: string): Promise<string | null>
}

export function createZoneChallenge(writer: ZoneWriter, log: Pick<Log, 'warn'>): Challenger {
  const shown: (readonly [owner: string, value: string])[] = []
  return {
    type: 'dns-01',
    show: async (name, _token, authorization) => {
      const owner = `_acme-challenge.${name}`
      const value = createHash('sha256').update(authorization).digest('base64url')
      // Also a record whose fate is not known is removed later.
      shown.push([owner, value])
      const cause = await writer.add(owner, value)
      if (cause !== null) throw new AcmeError(`dns_update of ${owner}: ${cause}`)
    },
    hide: async () => {
      for (const [owner, value] of shown.splice(0)) {
        const cause = await writer.remove(owner, value)
        // A record that stays does no harm.
        if (cause !== null) log.warn({ record: owner, cause }, 'the TXT record of a challenge stays in the DNS')
      }
    },
  }
}
