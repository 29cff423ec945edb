// Authenticated clients may use only the reverse-paths that routing data give them (RFC 6409 6.1), and a machine that is limited to some
// recipients may write only to these.

import type { SendAs } from '../../route/resolution.ts'
import type { Authenticated } from '../../smtp/origin.ts'
import { isAuthenticated, userText } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check } from '../check.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

/** May this user or machine send as this address? */
export type MaySendAs = (who: Authenticated, address: string) => Promise<SendAs>

/** The recipients to which this client is limited, if the address is not among them; null if it may write to it. */
export type RecipientLimit = (who: Authenticated, address: string) => readonly string[] | null

/** Most addresses that a refusal lists: the reply stays short. */
const MAX_LISTED = 5

/** The null sender is allowed: receipts use it (RFC 8098), and it receives no reply. */
export function senderCheck(maySendAs: MaySendAs, recipientLimit: RecipientLimit): Check {
  return {
    name: 'sender',
    mail: async ({ origin, sender }) => {
      if (sender === null || !isAuthenticated(origin)) return { verdict: accept }
      return { verdict: await judgeAddress(maySendAs, origin, sender) }
    },
    rcpt: ({ origin, forwardPath }) => {
      const limit = isAuthenticated(origin) ? recipientLimit(origin, forwardPath) : null
      if (limit === null || !isAuthenticated(origin)) return { verdict: accept }
      const text = `You are not allowed to write to <${forwardPath}>; allowed: ${shortList(limit)}`
      return { verdict: refuse(refusal(550, '5.7.1', text, `${describeIdentity(origin)} is limited to recipients`)) }
    },
  }
}

/** Refuses with 553 5.7.1 if `who` may not send as `address`, with 451 4.3.0 if the source cannot answer. */
export async function judgeAddress(maySendAs: MaySendAs, who: Authenticated, address: string): Promise<Verdict> {
  const answer = await maySendAs(who, address)
  if (answer.kind === 'yes') return accept
  if (answer.kind === 'unavailable')
    return refuse(refusal(451, '4.3.0', 'Sender check is temporarily unavailable', answer.cause))
  return refuse(
    refusal(
      553,
      '5.7.1',
      `You are not allowed to send as <${address}>; allowed: ${shortList(answer.allowed)}`,
      `${describeIdentity(who)} tried to send as ${address}`,
    ),
  )
}

function shortList(allowed: readonly string[]): string {
  const listed = allowed.slice(0, MAX_LISTED).join(', ') || 'no address'
  return allowed.length > MAX_LISTED ? `${listed} and ${allowed.length - MAX_LISTED} more` : listed
}

function describeIdentity({ kind, identity }: Authenticated): string {
  return kind === 'user' ? userText(identity) : `machine ${identity}`
}
