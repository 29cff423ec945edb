// Refuses what is not a probe of the fleet at the address at which probes arrive. Nothing else may be accepted there: the store of probes
// would drop it, and a DSN could go to a stranger.

import { readMessageId } from '../../message/message-id.ts'
import { readProbeId } from '../../smtp/probe-token.ts'
import { PROBE_HOP } from '../../smtp/nexthop.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, Mail } from '../check.ts'
import { accept, refuse } from '../verdict.ts'

/** @param secrets of the fleet; null for a node without the section `probe`, which has no such address */
export function probeCheck(secrets: readonly string[] | null): Check {
  if (secrets === null) return { name: 'probe' }
  return {
    name: 'probe',
    message: (mail) => {
      if (!isForProbes(mail) || readProbeId(readMessageId(mail.fields), secrets, mail.at) !== null)
        return { verdict: accept }
      const text = 'This address takes only probes of mail nodes'
      return { verdict: refuse(refusal(550, '5.7.1', text, 'the Message-ID is none of a probe of this fleet')) }
    },
  }
}

function isForProbes({ resolutions }: Pick<Mail, 'resolutions'>): boolean {
  return resolutions.some(
    (one) => one.kind === 'destinations' && one.destinations.some(({ nextHop }) => nextHop === PROBE_HOP),
  )
}
