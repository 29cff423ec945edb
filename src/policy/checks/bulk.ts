// Counts, by author and day, the recipients of mail without one click to unsubscribe (RFC 8058). Google, Yahoo and Microsoft demand it of
// senders with some 5000 messages a day, and refuse or hide the mail of others. It refuses nothing: the operator sees it in time.

import { readAuthors } from '../../message/from.ts'
import { hasOneClick } from '../../message/sender-rules.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import { formatBulk } from '../bulk-detail.ts'
import type { Check, Mail } from '../check.ts'
import { accept } from '../verdict.ts'

/** Recipients a day from which on there are events: a fifth of the number from which the providers' rules apply. */
export const BULK_RECIPIENTS = 1000
/** Authors that are counted on a day. Only addresses of ours send, and an organisation has fewer. */
const MAX_AUTHORS = 20_000
const DAY_MS = 86_400_000

/** Counts live in memory: after a restart the day begins again. */
export function bulkCheck(): Check {
  let day = Number.NaN
  const counts = new Map<string, number>()
  const add = (author: string, recipients: number, at: number): number => {
    const today = Math.floor(at / DAY_MS)
    if (today !== day) counts.clear()
    day = today
    const count = (counts.get(author) ?? 0) + recipients
    if (counts.has(author) || counts.size < MAX_AUTHORS) counts.set(author, count)
    return count
  }
  return {
    name: 'bulk',
    message: (mail) => {
      const author = authorToCount(mail)
      if (author === null) return { verdict: accept }
      const { at, queueId } = mail
      const recipients = add(author, mail.recipients.length, at)
      if (recipients < BULK_RECIPIENTS) return { verdict: accept }
      const detail = formatBulk({ author, recipients })
      return {
        verdict: accept,
        events: [{ kind: 'checked', at, queueId, check: 'bulk', result: 'no-one-click', detail }],
      }
    },
  }
}

/** Null for mail that does not count. */
function authorToCount({ origin, fields }: Mail): string | null {
  if ((!isAuthenticated(origin) && origin.kind !== 'local') || hasOneClick(fields)) return null
  return readAuthors(fields).addresses[0]?.toLowerCase() ?? null
}
