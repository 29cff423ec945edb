// DNS-01 (RFC 8555 8.4) by a command of the operator: `HOOK present NAME VALUE` publishes a TXT record, `HOOK cleanup NAME VALUE` removes it.
// The command returns when the servers of the zone have the record.

import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { runCommand } from '../lib/run-command-line.ts'
import { AcmeError } from './acme-error.ts'
import type { Challenger } from './challenge.ts'

export interface DnsChallengeSettings {
  /** Absolute path and arguments. */
  readonly command: readonly string[]
  /** Ms that the command may take. */
  readonly timeoutMs: number
}

export function createDnsChallenge(
  { command, timeoutMs }: DnsChallengeSettings,
  clock: Pick<Clock, 'after'>,
): Challenger {
  const shown: (readonly [name: string, value: string])[] = []
  const run = (action: string, name: string, value: string) =>
    runCommand({ argv: [...command, action, name, value], timeoutMs }, clock)
  return {
    type: 'dns-01',
    show: async (name, _token, authorization) => {
      const owner = `_acme-challenge.${name}`
      const value = createHash('sha256').update(authorization).digest('base64url')
      shown.push([owner, value])
      const cause = await run('present', owner, value)
      if (cause !== null) throw new AcmeError(`dns_hook present ${owner}: ${cause}`)
    },
    hide: async () => {
      // A record that stays does no harm.
      for (const [owner, value] of shown.splice(0)) await run('cleanup', owner, value)
    },
  }
}
