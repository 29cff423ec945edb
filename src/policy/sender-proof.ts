// Who may be told what became of a mail from the internet: a reverse-path that its own domain stands for, or reports would go to whomever
// a stranger names (backscatter). Pure.

import { domainOf } from '../smtp/mailbox.ts'

/**
 * DMARC proves the domain of From:, not the reverse-path, which may name anybody: a pass speaks for senders of that domain and those below it.
 * @param authorDomain the domain of From:, or null if it is not known
 */
export function dmarcSpeaksFor(sender: string | null, authorDomain: string | null): boolean {
  if (sender === null || authorDomain === null) return false
  const domain = domainOf(sender)
  const author = authorDomain.toLowerCase()
  return domain === author || domain.endsWith(`.${author}`)
}
