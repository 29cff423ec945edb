// The part of a report that people read: what happened, to whom, why, and what to do. Plain words first, the server's own last.

import { formatDate } from '../message/date.ts'
import { adviceFor } from './advice.ts'
import { joinReply, statusOf } from './recipient-fields.ts'
import type { ReportFacts, ReportRecipient } from './report-facts.ts'

/** Columns of running text. */
const WIDTH = 76
const LONGEST_SUBJECT = 150
/** Pieces that fit into 998 octets even if each character takes four. */
const LONGEST_WORD = /.{1,240}/gsu

/** Subject of the report; names the subject of the mail it is about. */
export function subjectOf(
  { recipients, operator }: Pick<ReportFacts, 'recipients' | 'operator'>,
  about: string | null,
): string {
  // Cut in the middle, an encoded word (RFC 2047) would be noise: better none.
  const subject = about === null || about === '' || about.length > LONGEST_SUBJECT ? '' : `: ${about}`
  if (operator?.kind === 'double-bounce') return `Undelivered report, returned to the operator${subject}`
  if (operator) return `Copy: undelivered mail returned to sender${subject}`
  switch (recipients[0]?.action) {
    case 'failed':
      return `Undelivered mail returned to sender${subject}`
    case 'delayed':
      return `Delayed mail, still being tried${subject}`
    default:
      return `Mail delivery report${subject}`
  }
}

/** The whole text with CRLF; ASCII unless an address or reply is not. */
export function humanText(facts: ReportFacts): Buffer {
  const lines = [
    `This is the mail system at ${facts.hostname}.`,
    '',
    ...wrap(opening(facts)),
    ...facts.recipients.flatMap((recipient) => ['', ...paragraph(recipient, isMixed(facts))]),
    '',
    ...wrap(ending(facts)),
  ]
  return Buffer.from(lines.map((line) => `${line}\r\n`).join(''), 'utf8')
}

/** The operator knows the words; what matters is whose mail it was and what the sender was told. */
function openingForOperator({ recipients, operator }: ReportFacts): string {
  const these = recipients.length > 1 ? 'these addresses' : 'this address'
  return operator?.sender === null || operator?.sender === undefined
    ? `A mail with the null sender, most likely a report itself, could not be delivered to ${these}. Nobody else is told.`
    : `A mail of <${operator.sender}> could not be delivered to ${these}. The sender was told, without what is private about a forward; this copy hides nothing.`
}

function opening(facts: ReportFacts): string {
  if (facts.operator) return openingForOperator(facts)
  const many = facts.recipients.length > 1
  const sent = `Your message of ${formatDate(facts.arrivedAt)}`
  if (isMixed(facts)) return `${sent} has come as far as this, as you asked to be told.`
  switch (facts.recipients[0]?.action) {
    case 'failed':
      return `${sent} could not be delivered to ${many ? 'these addresses' : 'this address'}. We have given up; the message will not be tried again.`
    case 'delayed':
      return `${sent} has not been delivered to ${many ? 'these addresses' : 'this address'} yet. You need not do anything: we go on trying and tell you if we give up.`
    case 'expanded':
      return `${sent} has reached ${many ? 'these addresses, which stand' : 'this address, which stands'} for several others, and goes on to them. No reports about those will follow.`
    case 'delivered':
      return `${sent} was delivered to ${many ? 'these addresses' : 'this address'}, as you asked to be told.`
    default:
      return `${sent} was handed on to the mail server of ${many ? 'these addresses' : 'this address'}. That server sends no reports, so this is the last that we can tell you.`
  }
}

/** Success ends in different ways: some recipients are delivered, others handed on. */
function isMixed({ recipients }: ReportFacts): boolean {
  return recipients.some(({ action }) => action !== recipients[0]?.action)
}

function paragraph(recipient: ReportRecipient, mixed: boolean): string[] {
  const lines = [`  <${recipient.address}>`]
  if (recipient.action === 'failed' || recipient.action === 'delayed') lines.push(...explanation(recipient))
  else if (mixed) lines.push(...wrap(arrival(recipient), '    '))
  return lines
}

function arrival({ action }: ReportRecipient): string {
  return action === 'delivered'
    ? 'The message was delivered.'
    : 'The message was handed on to the mail server of this address, which sends no reports.'
}

function explanation(recipient: ReportRecipient): string[] {
  const { what, todo } = adviceFor(
    recipient.expired ? recipient.status : statusOf(recipient),
    recipient.replyClass ?? null,
  )
  const sentences = recipient.action === 'failed' ? [...(recipient.expired ? [outOfTime] : []), what, todo] : [what]
  if (recipient.willRetryUntil !== null) {
    sentences.push(`We try until ${formatDate(recipient.willRetryUntil)}.`)
  }
  const said =
    recipient.reply === ''
      ? []
      : ['', ...wrap(`In the words of the mail system: ${joinReply(recipient.reply)}`, '    ')]
  return [...wrap(sentences.join(' '), '    '), ...said]
}

const outOfTime = 'We tried for as long as we do, without success.'

function ending(facts: ReportFacts): string {
  const returned = facts.returned.body === null ? 'the header of your message' : 'your message'
  return `A report for mail programs and ${returned} are attached. The number of your message here is ${facts.queueId}; please name it if you ask the postmaster.`
}

/** Greedy line breaks; a word longer than a line stays whole, unless no line of a mail may be that long (RFC 5322 2.1.1). */
function wrap(text: string, indent = ''): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of text.split(/\s+/).flatMap((long) => long.match(LONGEST_WORD) ?? [])) {
    if (line.length > indent.length && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = indent
    }
    line += line.length > indent.length ? ` ${word}` : word
  }
  return [...lines, line]
}
