// The spam filter for mail of users and machines: the operator chooses what spam means there. Nothing is dropped, and mail that is not spam
// leaves without a trace of the filter, because its score is nothing that recipients should know.

import type { SpamFinding, SpamScanner } from '../../filter/spam-scan.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, Finding, Mail } from '../check.ts'
import { formatScore, spamResultName } from '../spam-score.ts'
import { accept, refuse } from '../verdict.ts'
import { describeFinding, requestOf, spamFields } from './spam.ts'

export interface OutgoingSpamSettings {
  readonly scanner: SpamScanner
  readonly action: 'mark' | 'hold' | 'refuse'
  /** Score from which the action applies. */
  readonly from: number
  /** Without an answer: accept the message unchecked, or defer it. */
  readonly whenDown: 'accept' | 'defer'
}

type Scanned = SpamFinding & { kind: 'scanned' }

export function outgoingSpamCheck(settings: OutgoingSpamSettings): Check {
  return {
    name: 'spam',
    message: async (mail) => {
      if (!isAuthenticated(mail.origin)) return { verdict: accept }
      const found = await settings.scanner.scan(requestOf(mail))
      return found.kind === 'scanned' ? judged(settings, mail, found) : withoutAnswer(settings, mail, found)
    },
  }
}

function judged({ action, from }: OutgoingSpamSettings, mail: Mail, found: Scanned): Finding {
  // What the filter would discard is no less spam than what it would refuse.
  const isSpam = found.score >= from || found.action === 'reject' || found.action === 'discard'
  const known = { judged: { action: found.action, score: found.score }, events: [eventOf(mail, found)] }
  if (isSpam) return ofSpam(action, found, known)
  // A wait that the filter asks for, such as by its rate limits.
  if (found.action === 'soft reject')
    return { verdict: refuse(refusal(451, '4.7.1', found.message ?? 'Try again later', describeFinding(found))) }
  return { verdict: accept, ...known }
}

function ofSpam(
  action: OutgoingSpamSettings['action'],
  found: Scanned,
  known: Pick<Finding, 'judged' | 'events'>,
): Finding {
  switch (action) {
    case 'mark':
      return { verdict: accept, ...known, fields: spamFields(found, true) }
    case 'hold':
      return { verdict: accept, ...known, quarantine: `outgoing spam: ${describeFinding(found)}` }
    case 'refuse': {
      const why = found.message === null ? '' : ` (${found.message})`
      const text = `This message looks like spam, score ${formatScore(found.score)}${why}, and is not sent; please ask the operator if it is not`
      return { verdict: refuse(refusal(550, '5.7.1', text, describeFinding(found))) }
    }
  }
}

function withoutAnswer({ whenDown }: OutgoingSpamSettings, mail: Mail, found: SpamFinding): Finding {
  const cause = found.kind === 'scanned' ? '' : found.cause
  if (whenDown === 'defer')
    return { verdict: refuse(refusal(451, '4.3.0', 'The spam filter does not answer, please try again later', cause)) }
  return { verdict: accept, events: [eventOf(mail, found)] }
}

function eventOf({ queueId, at }: Mail, found: SpamFinding) {
  const detail = found.kind === 'scanned' ? describeFinding(found) : found.cause
  return { kind: 'checked', at, queueId, check: 'spam', result: spamResultName(found), detail } as const
}
