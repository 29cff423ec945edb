// Every From: of a person's or machine's mail has to be his as well (RFC 6409 8.1), or a stolen account speaks for the board.

import { readAuthors } from '../../message/from.ts'
import { refusal } from '../../smtp/reply.ts'
import type { ContentCheck } from '../check.ts'
import { checkOwned } from './sender.ts'
import type { MaySendAs } from './sender.ts'
import { accept, refuse } from '../verdict.ts'

/** Most author addresses of one mail: more are no mail of a person, and each costs a look-up. */
const MAX_AUTHORS = 20

export function checkAuthor(maySendAs: MaySendAs): ContentCheck {
  return async (mail) => {
    const { origin } = mail
    if (origin.kind !== 'user' && origin.kind !== 'machine') return { verdict: accept }
    const authors = readAuthors(mail.fields)
    if (authors.problems.length > 0)
      return { verdict: refuse(refusal(550, '5.6.0', `The From: field cannot be read: ${authors.problems[0]}`)) }
    if (authors.addresses.length === 0)
      return { verdict: refuse(refusal(550, '5.6.0', 'The message has no From: address (RFC 5322 3.6)')) }
    if (authors.addresses.length > MAX_AUTHORS)
      return {
        verdict: refuse(
          refusal(
            550,
            '5.6.0',
            `The message has ${authors.addresses.length} From: addresses, at most ${MAX_AUTHORS} are possible`,
          ),
        ),
      }
    for (const address of authors.addresses) {
      const verdict = await checkOwned(maySendAs, origin, address)
      if (verdict.kind !== 'accept') return { verdict }
    }
    return { verdict: accept, senderProven: true }
  }
}
