// The claims of a message that is claimed at its acceptance, built from the message in memory: nothing is read back.

import { RECIPIENTS_PER_CLAIM } from './store/operations/claim.ts'
import type { Claim, ClaimedRecipient, NewMessage, StoredMessage } from '../contract/queue.ts'

/** Groups the claimed recipients by next hop and reverse-path. `first`: row id of the first recipient; `claimed`: null for all. */
export function claimsOf(message: NewMessage, first: number, claimed: readonly boolean[] | null): Claim[] {
  const stored = withoutRecipients(message)
  const open = new Map<string, { claim: Claim; recipients: ClaimedRecipient[] }>()
  const claims: Claim[] = []
  for (const [ordinal, recipient] of message.recipients.entries()) {
    if (claimed !== null && claimed[ordinal] !== true) continue
    const { nextHop, reversePath } = recipient
    const key = `${nextHop} ${reversePath ?? ''}`
    let group = open.get(key)
    if (!group || group.recipients.length === RECIPIENTS_PER_CLAIM) {
      const recipients: ClaimedRecipient[] = []
      group = { claim: { message: stored, nextHop, reversePath, recipients }, recipients }
      open.set(key, group)
      claims.push(group.claim)
    }
    group.recipients.push({ ...recipient, recipientId: first + ordinal, attempt: 1 })
  }
  return claims
}

function withoutRecipients(message: NewMessage): StoredMessage {
  const { queueId, arrivedAt, origin, sender, parameters, header, body, senderProven } = message
  return { queueId, arrivedAt, origin, sender, parameters, header, body, senderProven }
}
