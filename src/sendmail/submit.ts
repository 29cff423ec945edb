// Submits a message to a node on this machine and says for each recipient what became of it. Every recipient is in one list of the result;
// a lost connection leaves the rest waiting, so a message can arrive twice but not be lost.

import { isIP } from 'node:net'
import type { Clock } from '../lib/clock.ts'
import { isAscii } from '../smtp/domain.ts'
import type { Notify } from '../smtp/envelope.ts'
import { isPermanent, type Reply } from '../smtp/reply.ts'
import { encodeXtext } from '../smtp/xtext.ts'
import { ConnectionLost, openSession, type Place, type SmtpSession } from './smtp-session.ts'

export interface Envelope {
  /** Null is the null sender. An address without a domain is completed by the node. */
  readonly sender: string | null
  readonly recipients: readonly string[]
  readonly notify: readonly Notify[]
  readonly ret: 'FULL' | 'HDRS' | null
  readonly envid: string | null
}

export interface Submission {
  readonly envelope: Envelope
  /** Complete lines with CRLF. */
  readonly message: Buffer
  /** Name in EHLO. */
  readonly name: string
  /** Submit as this user, by SASL EXTERNAL; null for none. */
  readonly as: { readonly user: string; readonly clientIp: string | null } | null
}

export interface Submitted {
  readonly accepted: readonly string[]
  readonly refused: readonly { readonly recipient: string; readonly reply: Reply }[]
  /** Try these again, and why. */
  readonly waiting: readonly { readonly recipient: string; readonly cause: string }[]
}

type Fate =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly reply: Reply }
  | { readonly kind: 'waiting'; readonly cause: string }

/** Never rejects. */
export async function submit(
  place: Place,
  submission: Submission,
  {
    clock,
    onReply = () => undefined,
  }: { readonly clock: Pick<Clock, 'after'>; readonly onReply?: (reply: Reply) => void },
): Promise<Submitted> {
  const fates = new Map<string, Fate>()
  const opened = openSession(place, clock)
  const noted = async (reply: Promise<Reply>) => {
    const got = await reply
    onReply(got)
    return got
  }
  const session: SmtpSession = {
    ask: (line) => noted(opened.ask(line)),
    send: (octets) => noted(opened.send(octets)),
    close: () => opened.close(),
  }
  let cause = 'not tried'
  try {
    await converse(session, submission, fates)
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error
    cause = error.message
  } finally {
    opened.close()
  }
  return sorted(submission.envelope.recipients, (one) => fates.get(one) ?? { kind: 'waiting', cause })
}

function sorted(recipients: readonly string[], fateOf: (recipient: string) => Fate): Submitted {
  const all = [...new Set(recipients)].map((recipient) => ({ recipient, fate: fateOf(recipient) }))
  return {
    accepted: all.flatMap(({ recipient, fate }) => (fate.kind === 'accepted' ? [recipient] : [])),
    refused: all.flatMap(({ recipient, fate }) => (fate.kind === 'refused' ? [{ recipient, reply: fate.reply }] : [])),
    waiting: all.flatMap(({ recipient, fate }) => (fate.kind === 'waiting' ? [{ recipient, cause: fate.cause }] : [])),
  }
}

async function converse(session: SmtpSession, submission: Submission, fates: Map<string, Fate>): Promise<void> {
  const { envelope, name, as } = submission
  const end = (recipients: readonly string[], fate: Fate) => {
    for (const one of recipients) fates.set(one, fate)
  }
  let pending = [...new Set(envelope.recipients)]
  const greeting = await session.ask(null)
  // A greeting of 5xx is for a client that this listener does not know; another try may find the right one.
  if (greeting.code !== 220) return end(pending, { kind: 'waiting', cause: describe(greeting) })
  const hello = await session.ask(`EHLO ${name}`)
  if (hello.code !== 250) return end(pending, { kind: 'waiting', cause: describe(hello) })
  if (as !== null) {
    // Where the user is, for the ledger and for users that are limited to networks.
    const { clientIp: ip } = as
    if (ip !== null) await session.ask(`XFORWARD ADDR=${isIP(ip) === 6 ? `IPV6:${ip}` : ip}`)
    const login = await session.ask(`AUTH EXTERNAL ${Buffer.from(as.user).toString('base64')}`)
    if (login.code !== 235) return end(pending, fateOf(login))
  }
  while (pending.length > 0) {
    const round = await transact(session, { ...submission, pending, offers: hello.text.toUpperCase() })
    for (const [recipient, fate] of round.fates) fates.set(recipient, fate)
    pending = round.later
  }
  // The connection is closed anyway; a reply is not needed.
  void session.ask('QUIT').catch(() => undefined)
}

interface Round {
  readonly fates: ReadonlyMap<string, Fate>
  /** More recipients than the node takes at once. */
  readonly later: string[]
}

interface RoundParts extends Submission {
  readonly pending: readonly string[]
  /** The reply to EHLO. */
  readonly offers: string
}

async function transact(session: SmtpSession, parts: RoundParts): Promise<Round> {
  const { envelope, pending } = parts
  const everyone = (fate: Fate): Round => ({ fates: new Map(pending.map((one) => [one, fate])), later: [] })
  const mail = await session.ask(mailCommand(parts))
  if (mail.code !== 250) return everyone(fateOf(mail))
  const fates = new Map<string, Fate>()
  const accepted: string[] = []
  const later: string[] = []
  const notify =
    parts.offers.includes('DSN') && envelope.notify.length > 0 ? ` NOTIFY=${envelope.notify.join(',')}` : ''
  for (const recipient of pending) {
    const reply = await session.ask(`RCPT TO:<${recipient}>${notify}`)
    if (reply.code >= 250 && reply.code < 260) accepted.push(recipient)
    // RFC 5321 4.5.3.1.10.
    else if (reply.code === 452 && accepted.length > 0) later.push(recipient)
    else fates.set(recipient, fateOf(reply))
  }
  if (accepted.length > 0) {
    const fate = await sendMessage(session, parts.message)
    for (const one of accepted) fates.set(one, fate)
    // If the message was not taken, the next round would not be better.
    if (fate.kind !== 'accepted') for (const one of later.splice(0)) fates.set(one, fate)
  }
  return { fates, later }
}

function mailCommand({ envelope: { sender, recipients, ret, envid }, message, offers }: RoundParts): string {
  const offered = (keyword: string) => offers.split('\n').some((line) => line.split(' ')[0] === keyword)
  const words = [`MAIL FROM:<${sender ?? ''}>`]
  if (offered('SIZE')) words.push(`SIZE=${message.length}`)
  if (offered('8BITMIME') && message.some((octet) => octet > 127)) words.push('BODY=8BITMIME')
  if (offered('SMTPUTF8') && ![sender ?? '', ...recipients].every(isAscii)) words.push('SMTPUTF8')
  if (offered('DSN') && ret !== null) words.push(`RET=${ret}`)
  if (offered('DSN') && envid !== null) words.push(`ENVID=${encodeXtext(envid)}`)
  return words.join(' ')
}

async function sendMessage(session: SmtpSession, message: Buffer): Promise<Fate> {
  const data = await session.ask('DATA')
  if (data.code !== 354) return fateOf(data)
  const reply = await session.send(Buffer.concat([stuffed(message), Buffer.from('.\r\n')]))
  return reply.code === 250 ? { kind: 'accepted' } : fateOf(reply)
}

/** RFC 5321 4.5.2. The message has complete lines and no bare CR or LF. */
function stuffed(message: Buffer): Buffer {
  if (message[0] !== 0x2e && !message.includes('\r\n.')) return message
  const text = message.toString('latin1').replaceAll('\r\n.', '\r\n..')
  return Buffer.from(text.startsWith('.') ? `.${text}` : text, 'latin1')
}

function fateOf(reply: Reply): Fate {
  return isPermanent(reply) ? { kind: 'refused', reply } : { kind: 'waiting', cause: describe(reply) }
}

/** A reply in one line. */
export function describe({ code, enhanced, text }: Reply): string {
  return [code, enhanced, text.replaceAll('\n', ' ')].filter((part) => part !== '').join(' ')
}
