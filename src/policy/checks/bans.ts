// Ends the connection of a banned client, before it costs anything. A ban of the node spares clients from which users have logged in: at
// AUTH they are judged one by one. Fleet nodes and programs of this host are never banned: they relay the mail of many.

import type { Clock } from '../../lib/clock.ts'
import { clientNetwork } from '../../lib/ip-address.ts'
import { refusal } from '../../smtp/reply.ts'
import { type Bans, BY_NODE } from '../../state/ban-contract.ts'
import type { Check } from '../check.ts'
import { accept, refuse } from '../verdict.ts'

export interface BanCheckParts {
  readonly bans: Pick<Bans, 'find'>
  /** Whether bans of the node count at the connection, and not only at AUTH. */
  readonly atConnect: boolean
  /** Whether a user has logged in from this client, as of `clientNetwork`. */
  readonly isKnown: (client: string) => boolean
  readonly clock: Pick<Clock, 'now'>
}

export function bansCheck({ bans, atConnect, isKnown, clock }: BanCheckParts): Check {
  return {
    name: 'bans',
    connect: async ({ session: { remoteIp: ip }, origin }) => {
      if (origin?.kind === 'peer' || origin?.kind === 'local') return { verdict: accept }
      const answer = await bans.find({ ip }, clock.now())
      // The other checks and AUTH still judge the client; the health of the node says that bans do not.
      if (answer.kind === 'unavailable') return { verdict: accept }
      const counts = (by: string) => by !== BY_NODE || (atConnect && !isKnown(clientNetwork(ip)))
      const ban = answer.bans.find(({ by }) => counts(by))
      if (!ban) return { verdict: accept }
      const cause = `${ban.kind} ${ban.value} is banned until ${new Date(ban.until).toISOString()} by ${ban.by}: ${ban.reason}`
      // The server ends the session with 421 (RFC 5321 3.8).
      return {
        verdict: refuse(refusal(450, '4.7.0', 'Your address is banned for a time, please try again later', cause)),
      }
    },
  }
}
