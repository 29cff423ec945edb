// EHLO and HELO (RFC 5321 4.1.1.1). The name is checked for form only; whether it is true is policy. Both reset the transaction (4.1.4).

import type { Reply } from '../../smtp/reply.ts'
import { DOMAIN_OCTETS } from '../../smtp/address-limits.ts'
import { ask } from '../call-hook.ts'
import { type Answer, type Command, type Dialogue, say, sayIdle } from '../session-dialogue.ts'
import { messageSizeOf } from '../message-size.ts'
import { badHelo } from '../server-replies.ts'

/** Printable, no blanks, nothing that could break a Received header out of its place. Real clients send worse names than RFC 5321 allows. */
const acceptable = /^[!#-'*-;=?-[\]-~]+$/

export const ehlo: Command = (dialogue, argument) => greet(dialogue, argument, true)

export const helo: Command = (dialogue, argument) => greet(dialogue, argument, false)

async function greet(dialogue: Dialogue, argument: string, esmtp: boolean): Promise<Answer> {
  const { session, context } = dialogue
  if (argument.length > DOMAIN_OCTETS || !acceptable.test(argument)) return say(badHelo)
  const repeated = session.helo !== null
  dialogue.transaction = null
  session.helo = argument
  session.esmtp = esmtp
  const asked = await ask(context.log, { where: 'helo', session: session.id }, () => context.hooks.helo(session))
  if (asked.kind === 'answer' && asked.answer.kind === 'accept') {
    const reply = esmtp ? capabilities(dialogue) : { code: 250, enhanced: '', text: context.hostname }
    return repeated ? sayIdle(reply) : say(reply)
  }
  session.helo = null
  session.esmtp = false
  return say(asked.kind === 'thrown' ? asked.reply : (asked.answer as { reply: Reply }).reply)
}

/** The answer to EHLO; no enhanced status in it (RFC 2034 4). */
function capabilities(dialogue: Dialogue): Reply {
  const { context, session } = dialogue
  const lines = [
    context.hostname,
    'PIPELINING',
    `SIZE ${messageSizeOf(context.limits, session)}`,
    '8BITMIME',
    'SMTPUTF8',
    'DSN',
    'ENHANCEDSTATUSCODES',
  ]
  if (dialogue.tlsAvailable()) lines.push('STARTTLS')
  const mechanisms = offeredMechanisms(dialogue)
  if (mechanisms.length > 0 && !session.authenticated) lines.push(`AUTH ${mechanisms.join(' ')}`)
  return { code: 250, enhanced: '', text: lines.join('\n') }
}

/** Mechanisms of this moment: none before TLS, EXTERNAL only for who brought a certificate (RFC 4954 4, RFC 4422 appendix A). */
export function offeredMechanisms({ context, session }: Dialogue): readonly string[] {
  const { tls } = session
  if (tls === null) return []
  return context.settings.mechanisms.filter((mechanism) => mechanism !== 'EXTERNAL' || tls.certificate !== null)
}
