// Transport result → outcome of a recipient: delivered, deferred or failed, with the scope of Postfix (RFC 5321 sections 4.2.1 and
// 4.5.3.1.10). A recipient fails only by a 5xx of the peer or by a rule of an RFC.

import type { Outcome, Scope } from '../../queue/contract/outcome.ts'
import { statusOfCode } from '../../smtp/status.ts'
import type { TlsResult } from '../../smtp/tls-result.ts'
import type { PeerReply, Phase, RecipientResult, DeliveryError } from '../smtp-client/transport.ts'

/** The connection that a result belongs to. */
export interface AttemptFacts {
  /** `name[ip]:port`; null if no host was reached. */
  readonly host: string | null
  readonly tls: TlsResult | null
  readonly dsnPassedOn: boolean
  readonly lmtp: boolean
  /** Recipients of the mail transaction. */
  readonly recipients: number
}

const noHost: Where = { host: null, tls: null }

export function outcomeOf(result: RecipientResult, facts: AttemptFacts): Outcome {
  const where = { host: facts.host, tls: facts.tls }
  switch (result.kind) {
    case 'accepted':
      return {
        kind: 'delivered',
        dsnPassedOn: facts.dsnPassedOn,
        reply: result.reply.verbatim,
        status: result.reply.enhanced || '2.0.0',
        ...where,
      }
    case 'refused':
      return refusedOutcome(result, facts)
    case 'lost':
      return deferred(lostScope(result.phase), lostStatus(result.phase), lostText(result.phase, result.cause), where)
    case 'protocol-error':
      return deferred('session', '4.5.0', `Protocol error ${during[result.phase]}: ${result.cause}`, where)
    case 'unsupported':
      return result.status.startsWith('4')
        ? deferred(result.scope, result.status, result.text, where)
        : { kind: 'failed', scope: result.scope, reply: result.text, status: result.status, ...where }
    case 'unreadable':
      return deferred('message', '4.3.0', 'The message could not be read from the spool', where)
  }
}

type Where = Pick<AttemptFacts, 'host' | 'tls'>

/** A deferral whose next attempt follows the retry schedule. */
export function deferred(scope: Scope, status: string, reply: string, where: Where = noHost): Outcome {
  return { kind: 'deferred', scope, status, reply, retryAt: null, host: where.host, tls: where.tls }
}

type Refusal = Extract<DeliveryError, { kind: 'refused' }>

function refusedOutcome(result: Refusal, facts: AttemptFacts): Outcome {
  const { phase, reply } = result
  const where = { host: facts.host, tls: facts.tls }
  if (isPermanent(result, facts)) {
    const status = reply.enhanced || statusOfCode(reply.code)
    return { kind: 'failed', scope: mailScope(phase, facts.lmtp), reply: reply.verbatim, status, ...where }
  }
  return deferred(temporaryScope(phase, reply, facts.lmtp), temporaryStatus(reply), reply.verbatim, where)
}

/** A 5xx before MAIL concerns the session, not the message: another host may accept it, or this one later. */
function isPermanent({ phase, reply }: Refusal, { recipients }: AttemptFacts): boolean {
  if (reply.code < 500 || isBeforeMail(phase)) return false
  if (phase === 'rcpt') return !isTooManyRecipients(reply)
  return !(recipients > 1 && reply.enhanced === TOO_MANY)
}

/** RFC 3463 section 3.6: the message should be sent to fewer recipients at a time. */
const TOO_MANY = '5.5.3'

/** RFC 5321 section 4.5.3.1.10: a 552 to RCPT without a status of another kind means 452. With a status of this meaning any 5xx does. */
export function isTooManyRecipients(reply: PeerReply): boolean {
  if (reply.code === 452 || reply.enhanced === TOO_MANY) return true
  return reply.code === 552 && reply.enhanced === ''
}

/** The whole transaction was refused because of the number of its recipients; fewer may be accepted. */
export function asksForFewerRecipients(result: DeliveryError, recipients: number): boolean {
  if (result.kind !== 'refused' || recipients < 2) return false
  return result.phase !== 'rcpt' && !isBeforeMail(result.phase) && /^[45]\.5\.3$/.test(result.reply.enhanced)
}

function temporaryScope(phase: Phase, reply: PeerReply, lmtp: boolean): Scope {
  if (reply.code === 421) return 'session'
  return isBeforeMail(phase) ? 'site' : mailScope(phase, lmtp)
}

function mailScope(phase: Phase, lmtp: boolean): Scope {
  return phase === 'rcpt' || (phase === 'dot' && lmtp) ? 'recipient' : 'message'
}

/** A 5xx that is treated as temporary has a status of class 4, so that a deferral does not look like a failure. */
function temporaryStatus(reply: PeerReply): string {
  return (reply.enhanced || statusOfCode(reply.code)).replace(/^5/, '4')
}

function isBeforeMail(phase: Phase): boolean {
  return (
    phase === 'connect' ||
    phase === 'greeting' ||
    phase === 'ehlo' ||
    phase === 'starttls' ||
    phase === 'tls' ||
    phase === 'auth'
  )
}

function lostScope(phase: Phase): Scope {
  return isBeforeMail(phase) ? 'site' : 'session'
}

function lostStatus(phase: Phase): string {
  if (phase === 'connect') return '4.4.1'
  return phase === 'tls' ? '4.7.5' : '4.4.2'
}

function lostText(phase: Phase, cause: string): string {
  if (phase === 'connect') return `Connection failed: ${cause}`
  // A duplicate may follow, so the text says it.
  const warning = phase === 'dot' ? ' (the server may have accepted the message)' : ''
  return `Connection lost ${during[phase]}: ${cause}${warning}`
}

const during: Readonly<Record<Phase, string>> = {
  connect: 'while connecting',
  greeting: 'while waiting for the greeting',
  ehlo: 'while greeting',
  starttls: 'at STARTTLS',
  tls: 'in the TLS handshake',
  auth: 'at AUTH',
  mail: 'at MAIL FROM',
  rcpt: 'at RCPT TO',
  data: 'at DATA',
  body: 'while sending the message',
  dot: 'while waiting for the reply to the message',
}
