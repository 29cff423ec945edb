// The replies of the server itself (RFC 5321 4.2, RFC 3463). Replies of checks and hooks are in their modules.

import { type Refusal, type Reply, refusal } from '../smtp/reply.ts'
import type { InterruptionKind } from './interruption.ts'

const ok = (code: number, enhanced: string, text: string): Reply => ({ code, enhanced, text })

export const done = ok(250, '2.0.0', 'OK')
export const flushed = ok(250, '2.0.0', 'Flushed')
export const senderAccepted = ok(250, '2.1.0', 'Sender OK')
export const recipientAccepted = ok(250, '2.1.5', 'Recipient OK')
export const goAhead = ok(354, '', 'End data with <CR><LF>.<CR><LF>')
export const chunkReceived = (octets: number): Reply => ok(250, '2.0.0', `Ok: ${octets} octets`)
export const readyForTls = ok(220, '2.0.0', 'Ready to start TLS')
export const authenticated = ok(235, '2.7.0', 'Authentication successful')
export const goodbye = ok(221, '2.0.0', 'Bye')
/** A server that does not verify replies 252, not 250 (RFC 5321 3.5.3). */
export const cannotVerify = ok(252, '2.0.0', 'Cannot VRFY user, but will accept message and attempt delivery')
export const help = ok(214, '2.0.0', 'Commands: EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT')

export const unknownCommand = refusal(500, '5.5.2', 'Command not recognized')
export const lineTooLong = refusal(500, '5.5.2', 'Line too long')
export const badCharacters = refusal(500, '5.5.2', 'Command contains control characters or invalid UTF-8')
export const notImplemented = refusal(502, '5.5.1', 'Command not implemented')
export const noArgument = refusal(501, '5.5.4', 'This command has no arguments')
export const badHelo = refusal(501, '5.5.4', 'Syntax: EHLO hostname')
export const vrfySyntax = refusal(501, '5.5.4', 'Syntax: VRFY address')
export const heloFirst = refusal(503, '5.5.1', 'Send EHLO first')
export const refusedInGreeting = refusal(503, '5.5.1', 'This client is refused: send QUIT')
export const nestedMail = refusal(503, '5.5.1', 'Nested MAIL command: send RSET first')
export const mailFirst = refusal(503, '5.5.1', 'Send MAIL first')
export const afterChunk = refusal(503, '5.5.1', 'Not allowed after BDAT: send the last chunk or RSET first')
export const badMarker = refusal(501, '5.5.4', 'Syntax: BDAT count [LAST]')
export const noRecipients = refusal(554, '5.5.1', 'No valid recipients')
export const tooManyRecipients = refusal(452, '4.5.3', 'Too many recipients, send the others in another transaction')
export const tlsFirst = refusal(530, '5.7.0', 'Must issue a STARTTLS command first')
export const tlsActive = refusal(503, '5.5.1', 'TLS is already active')
export const tlsUnavailable = refusal(454, '4.7.0', 'TLS not available due to temporary reason')
/** Code 538 of RFC 2554; enhanced status X.7.11 of the registry of RFC 5248. */
export const authNeedsTls = refusal(
  538,
  '5.7.11',
  'Encryption required for requested authentication mechanism: send STARTTLS first',
)
export const authDisabled = refusal(503, '5.5.1', 'Authentication is not offered here')
export const authInTransaction = refusal(503, '5.5.1', 'AUTH is not allowed during a mail transaction')
export const authTwice = refusal(503, '5.5.1', 'Already authenticated')
export const authSyntax = refusal(501, '5.5.4', 'Syntax: AUTH mechanism')
export const authMechanism = refusal(504, '5.5.4', 'Mechanism not offered')
export const authCancelled = refusal(501, '5.7.0', 'Authentication cancelled')
export const authMalformed = refusal(501, '5.5.2', 'Malformed authentication data')

export const xclientInTransaction = refusal(503, '5.5.1', 'XCLIENT is not allowed during a mail transaction')
export const xforwardInTransaction = refusal(503, '5.5.1', 'XFORWARD is not allowed during a mail transaction')
export const badXforward = refusal(501, '5.5.4', 'Syntax: XFORWARD attributes that EHLO lists')
export const badXclient = refusal(501, '5.5.4', 'Syntax: XCLIENT ADDR=address, and other attributes that EHLO lists')

/** For the ledger only: the client has disconnected, or has ended the transaction. */
const incomplete = refusal(451, '4.4.2', 'Message incomplete', 'connection lost during DATA')
const abandoned = refusal(451, '4.5.0', 'Message incomplete', 'the client ended the transaction between two chunks')

/** Replies that end the session. */
export const talksTooSoon = refusal(421, '4.7.0', 'Client sent a command before the greeting', 'early talker')
export const tooManyErrors = refusal(421, '4.7.0', 'Too many errors')
export const endlessLine = refusal(421, '4.7.0', 'Line too long, closing connection', 'command line without end')
export const notHttp = refusal(421, '4.7.0', 'This is not a web server', 'HTTP request')
export const timedOut = refusal(421, '4.4.2', 'Timeout, closing connection')
export const unprovenTooLong = refusal(
  421,
  '4.4.2',
  'Timeout, closing connection',
  'no certificate, login or mail transaction in time',
)
export const sessionTooLong = refusal(421, '4.4.2', 'Session too long, please reconnect')
export const tooSlow = refusal(421, '4.4.2', 'Message arrives too slowly, closing connection')
export const shuttingDown = refusal(421, '4.3.2', 'Shutting down, please try again later')
export const tooManyConnections = refusal(421, '4.7.0', 'Too many connections, please try again later')

/** Ends the session too. Permanent, as in Postfix: the client would send the same again. RFC 7504 has 521 for a greeting only. */
export const badChunk = refusal(521, '5.5.4', 'Syntax: BDAT count [LAST]', 'BDAT without a number of octets')

/** The same reply at MAIL and after DATA (RFC 1870 6). */
export function tooLarge(limit: number): Refusal {
  return refusal(552, '5.3.4', `Message exceeds the size limit of ${limit} octets`)
}

/** The reply to a message that ended early. */
export function interrupted(kind: InterruptionKind, limit: number): Refusal {
  switch (kind) {
    case 'too-large':
      return tooLarge(limit)
    case 'too-slow':
      return tooSlow
    case 'shutdown':
      return shuttingDown
    case 'disconnected':
      return incomplete
    case 'abandoned':
      return abandoned
  }
}
