// Authenticated clients may use only their own addresses in From: (RFC 6409 8.1). Without this check a stolen account could write under
// the name of every other person.

import { readAuthors } from '../../message/from.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, Finding } from '../check.ts'
import { accept, refuse } from '../verdict.ts'
import { judgeAddress } from './sender.ts'
import type { MaySendAs } from './sender.ts'

/** Most addresses in From: of one message; each costs a look-up. */
const MAX_AUTHORS = 20

export function authorCheck(maySendAs: MaySendAs): Check {
  return {
    name: 'author',
    message: async ({ origin, fields }) => {
      if (!isAuthenticated(origin)) return { verdict: accept }
      const { addresses, problems } = readAuthors(fields)
      if (problems.length > 0) return malformed(`The From: field cannot be read: ${problems[0]}`)
      if (addresses.length === 0) return malformed('The message has no From: address (RFC 5322 3.6)')
      if (addresses.length > MAX_AUTHORS)
        return malformed(`The message has ${addresses.length} From: addresses, the limit is ${MAX_AUTHORS}`)
      for (const address of addresses) {
        const verdict = await judgeAddress(maySendAs, origin, address)
        if (verdict.kind !== 'accept') return { verdict }
      }
      return { verdict: accept, senderProven: true }
    },
  }
}

function malformed(text: string): Finding {
  return { verdict: refuse(refusal(550, '5.6.0', text)) }
}
