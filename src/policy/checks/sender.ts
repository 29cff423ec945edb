// May this origin use this reverse-path? People and machines send only as what is theirs (RFC 6409 6.1).

import type { SendAs } from '../../route/resolution.ts'
import type { Origin } from '../../smtp/origin.ts'
import { userText } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

export type MaySendAs = (origin: Origin, address: string) => Promise<SendAs>

/** Most addresses that a refusal lists, so that the reply stays within one screen. */
const MAX_LISTED = 5

/** The null sender belongs to everybody: it carries receipts (RFC 8098) and is answered by nothing. */
export async function checkSender(maySendAs: MaySendAs, origin: Origin, reversePath: string | null): Promise<Verdict> {
  if (reversePath === null || (origin.kind !== 'user' && origin.kind !== 'machine')) return accept
  return checkOwned(maySendAs, origin, reversePath)
}

/** The same question for an address of From: (policy/author.ts). */
export async function checkOwned(
  maySendAs: MaySendAs,
  origin: Origin & { identity: string },
  address: string,
): Promise<Verdict> {
  const answer = await maySendAs(origin, address)
  if (answer.kind === 'yes') return accept
  if (answer.kind === 'unavailable')
    return refuse(refusal(451, '4.3.0', 'Sender check is temporarily unavailable', answer.cause))
  const listed = answer.allowed.slice(0, MAX_LISTED).join(', ') || 'no address'
  const more = answer.allowed.length > MAX_LISTED ? ` and ${answer.allowed.length - MAX_LISTED} more` : ''
  return refuse(
    refusal(
      553,
      '5.7.1',
      `<${address}> is not yours to send from; you may use: ${listed}${more}`,
      `${origin.kind === 'user' ? userText(origin.identity) : `machine ${origin.identity}`} tried ${address}`,
    ),
  )
}
