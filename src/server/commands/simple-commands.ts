// Commands of one line (RFC 5321 4.1.1.4–4.1.1.10, 3.5.3; RFC 3207 4): DATA's first half, RSET, NOOP, QUIT, VRFY, HELP, STARTTLS.

import { type Command, endTransaction, say, sayJunk, sayThen } from '../session-dialogue.ts'
import {
  afterChunk,
  cannotVerify,
  done,
  flushed,
  goAhead,
  goodbye,
  heloFirst,
  help as helpText,
  mailFirst,
  noArgument,
  noRecipients,
  notImplemented,
  readyForTls,
  tlsActive,
  tlsUnavailable,
  vrfySyntax,
} from '../server-replies.ts'

/** DATA needs an accepted recipient (RFC 5321 3.3), and does not follow BDAT in a transaction (RFC 3030 section 2). */
export const data: Command = ({ session, transaction }, argument) => {
  if (argument !== '') return say(noArgument)
  if (session.helo === null) return say(heloFirst)
  if (!transaction) return say(mailFirst)
  if (transaction.message) return say(afterChunk)
  return transaction.recipients.length === 0 ? say(noRecipients) : sayThen(goAhead, 'data')
}

export const rset: Command = (dialogue, argument) => {
  if (argument !== '') return say(noArgument)
  endTransaction(dialogue)
  return sayJunk(flushed)
}

/** An argument is allowed and ignored (RFC 5321 4.1.1.9). */
export const noop: Command = () => sayJunk(done)

export const quit: Command = (_dialogue, argument) => (argument === '' ? sayThen(goodbye, 'close') : say(noArgument))

export const vrfy: Command = (_dialogue, argument) => (argument === '' ? say(vrfySyntax) : sayJunk(cannotVerify))

export const help: Command = () => sayJunk(helpText)

/** EXPN, the commands of RFC 5321 appendix F, and those of extensions that are not offered. */
export const unimplemented: Command = () => say(notImplemented)

export const starttls: Command = (dialogue, argument) => {
  if (argument !== '') return say(noArgument)
  if (dialogue.session.tls) return say(tlsActive)
  if (dialogue.context.settings.tls === 'none') return say(notImplemented)
  if (!dialogue.tlsAvailable()) return say(tlsUnavailable)
  endTransaction(dialogue)
  return sayThen(readyForTls, 'tls')
}
