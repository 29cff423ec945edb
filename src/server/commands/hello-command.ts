// EHLO and HELO (RFC 5321 4.1.1.1). This file checks only the syntax of the name; the checks of the `helo` stage may judge it. Both
// commands reset the transaction (4.1.4).

import type { Reply } from '../../smtp/reply.ts'
import { DOMAIN_OCTETS } from '../../smtp/address-limits.ts'
import { callHook, refusalIn } from '../call-hook.ts'
import { type Answer, type Command, type Dialogue, endTransaction, say, sayJunk } from '../session-dialogue.ts'
import type { Mechanism } from '../listener-settings.ts'
import { messageSizeOf } from '../message-size.ts'
import { badHelo } from '../server-replies.ts'
import { xclientCapability } from './xclient-command.ts'
import { xforwardCapability } from './xforward-command.ts'

/** Printable ASCII without what has a meaning in a Received field. Real clients send names that RFC 5321 does not allow. */
const acceptable = /^[!#-'*-;=?-[\]-~]+$/

export const ehlo: Command = (dialogue, argument) => greet(dialogue, argument, true)

export const helo: Command = (dialogue, argument) => greet(dialogue, argument, false)

async function greet<Resolution>(dialogue: Dialogue<Resolution>, argument: string, esmtp: boolean): Promise<Answer> {
  const { session, context } = dialogue
  if (argument.length > DOMAIN_OCTETS || !acceptable.test(argument)) return say(badHelo)
  const repeated = session.helo !== null
  endTransaction(dialogue)
  session.helo = dialogue.namedHelo ?? argument
  session.esmtp = esmtp
  const result = await callHook(context.log, { hook: 'helo', session: session.id }, () => context.hooks.helo(session))
  const refused = refusalIn(result)
  if (refused === null) {
    const reply = esmtp ? capabilities(dialogue) : { code: 250, enhanced: '', text: context.hostname }
    return repeated ? sayJunk(reply) : say(reply)
  }
  session.helo = null
  session.esmtp = false
  return say(refused)
}

/**
 * The reply to EHLO; it has no enhanced status (RFC 2034 4). Not offered: MT-PRIORITY (RFC 6710) and FUTURERELEASE (RFC 4865); the reasons
 * are in docs/reference/smtp.md.
 */
function capabilities<Resolution>(dialogue: Dialogue<Resolution>): Reply {
  const { context, session } = dialogue
  const lines = [
    context.hostname,
    'PIPELINING',
    `SIZE ${messageSizeOf(context.limits, session)}`,
    '8BITMIME',
    'SMTPUTF8',
    'DSN',
    'ENHANCEDSTATUSCODES',
    'CHUNKING',
  ]
  lines.push(...xclientCapability(dialogue), ...xforwardCapability(dialogue))
  if (dialogue.tlsAvailable()) lines.push('STARTTLS')
  if (offersRequireTls(dialogue)) lines.push('REQUIRETLS')
  const mechanisms = offeredMechanisms(dialogue)
  if (mechanisms.length > 0 && !session.authenticated) lines.push(`AUTH ${mechanisms.join(' ')}`)
  return { code: 250, enhanced: '', text: lines.join('\n') }
}

/** Under TLS only (RFC 8689 section 2). */
export function offersRequireTls<Resolution>({ context, session }: Dialogue<Resolution>): boolean {
  return context.settings.requireTls && session.tls !== null
}

/**
 * None before TLS; EXTERNAL only with a client certificate (RFC 4954 4, RFC 4422 appendix A); -PLUS only with a channel (RFC 5802 6). The
 * rights of a Unix socket replace TLS and certificate.
 */
export function offeredMechanisms<Resolution>({
  context,
  session,
  ...dialogue
}: Dialogue<Resolution>): readonly string[] {
  const { tls } = session
  if (context.settings.socket) return context.settings.mechanisms
  if (tls === null) return []
  const isPossible = (mechanism: Mechanism) => {
    if (mechanism === 'EXTERNAL') return tls.certificate !== null
    return mechanism !== 'SCRAM-SHA-256-PLUS' || dialogue.channelBinding() !== null
  }
  return context.settings.mechanisms.filter((one) => context.hooks.isOffered(one) && isPossible(one))
}
