// Where probes end. The check `probe` has verified each at its acceptance; here its token is read again, because secrets may have changed
// since. A probe of another node is sent to that node, once.

import type { Agent, AttemptResult } from '../delivery/attempt/agent.ts'
import { readFields } from '../message/header.ts'
import { readMessageId } from '../message/message-id.ts'
import type { Claim } from '../queue/contract/queue.ts'
import { PROBE_HOP, SMTP_PORT } from '../smtp/nexthop.ts'
import { type ProbeToken, readProbeId } from '../smtp/probe-token.ts'
import { formatMailbox, splitAddress } from '../smtp/mailbox.ts'
import type { ProbeSettings } from '../wiring/probe-settings.ts'

/** As in the ledger. */
const HOST = 'the end of probes'
/** The tag of the recipient while a node passes a probe on: a node that gets it so keeps it. */
const PASSED_ON = 'passed-on'

export interface ProbeArrival {
  readonly token: ProbeToken
  readonly claim: Claim
}

/** @param arrived a probe of this node is here; resolves when the ledger has it */
export function takeProbes(
  others: Agent,
  settings: Pick<ProbeSettings, 'hostname' | 'secrets'>,
  arrived: (arrival: ProbeArrival) => Promise<void>,
): Agent {
  return {
    attempt: async (claim) => {
      if (claim.nextHop !== PROBE_HOP) return others.attempt(claim)
      const { header, arrivedAt } = claim.message
      const token = readProbeId(readMessageId(readFields(header)), settings.secrets, arrivedAt)
      if (token === null) return ended(claim, 'dropped: this is no probe of the fleet any more')
      if (!token.isReturning) return ended(claim, `the probe ${token.target} of ${token.origin} ends here`)
      if (token.origin === settings.hostname) {
        await arrived({ token, claim })
        return ended(claim, `the probe ${token.target} arrived`)
      }
      const passedOn = claim.recipients.map((one) => ({ ...one, address: tagged(one.address) }))
      if (passedOn.some(({ address }) => address === null))
        return ended(claim, `dropped: the probe of ${token.origin} came to the wrong node`)
      const recipients = passedOn.map(({ address, ...one }) => ({ ...one, address: address as string }))
      return others.attempt({ ...claim, nextHop: `smtp:[${token.origin}]:${SMTP_PORT}`, recipients })
    },
  }
}

/** The address with the tag; null if it has it. */
function tagged(address: string): string | null {
  const { local, domain } = splitAddress(address)
  const [base = '', ...tags] = local.split('+')
  return tags.includes(PASSED_ON) ? null : formatMailbox({ local: `${base}+${PASSED_ON}`, domain })
}

function ended({ recipients }: Claim, reply: string): AttemptResult {
  const outcome = { kind: 'delivered', dsnPassedOn: false, reply, status: '2.0.0', host: HOST, tls: null } as const
  return {
    outcomes: recipients.map(({ recipientId }) => ({ recipientId, outcome })),
    verdict: 'worked',
    pauseMs: 0,
  }
}
