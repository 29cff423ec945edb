// The part of a DSN for people: what happened, for which address, why, and what the reader can do. Technical details come last.

import { formatDate } from '../message/date.ts'
import { adviceFor, returnedByOperator } from './advice.ts'
import { joinReply, statusOf } from './recipient-fields.ts'
import type { ReportFacts, ReportRecipient } from './report-facts.ts'

/** Columns of running text. */
const WIDTH = 76
const LONGEST_SUBJECT = 150
/** Pieces that fit into 998 octets even if each character takes four. */
const LONGEST_WORD = /.{1,240}/gsu

/** The subject of the DSN, with the subject of the message. */
export function subjectOf(
  { recipients, operator }: Pick<ReportFacts, 'recipients' | 'operator'>,
  about: string | null,
): string {
  // A long subject is left out: a part of an encoded word (RFC 2047) would not be readable.
  const subject = about === null || about === '' || about.length > LONGEST_SUBJECT ? '' : `: ${about}`
  if (operator?.kind === 'double-bounce') return `Undelivered report, returned to operator${subject}`
  if (operator) return `Copy: undelivered mail returned to sender${subject}`
  switch (recipients[0]?.action) {
    case 'failed':
      return `Undelivered mail returned to sender${subject}`
    case 'delayed':
      return `Delayed mail, still being retried${subject}`
    default:
      return `Mail delivery report${subject}`
  }
}

/** The text with CRLF; ASCII unless an address or a reply is not. */
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

function openingForOperator({ recipients, operator }: ReportFacts): string {
  const these = recipients.length > 1 ? 'these addresses' : 'this address'
  return operator?.sender === null || operator?.sender === undefined
    ? `A message with the null sender, probably a report itself, could not be delivered to ${these}. No other report was sent.`
    : `A message from <${operator.sender}> could not be delivered to ${these}. The sender was notified, without private details of forwards. This copy contains all details.`
}

function opening(facts: ReportFacts): string {
  if (facts.operator) return openingForOperator(facts)
  const many = facts.recipients.length > 1
  const these = many ? 'these addresses' : 'this address'
  const sent = `Your message of ${formatDate(facts.arrivedAt)}`
  if (isMixed(facts)) return `${sent} has the results below. You asked for this report.`
  switch (facts.recipients[0]?.action) {
    case 'failed':
      return `${sent} could not be delivered to ${these}. We will not try again.`
    case 'delayed':
      return `${sent} has not been delivered to ${these} yet. You do not need to do anything. We will keep trying, and we will write to you if it cannot be delivered.`
    case 'expanded':
      return `${sent} was sent to all members of ${these}. There will be no reports about single members.`
    case 'delivered':
      return `${sent} was delivered to ${these}. You asked for this report.`
    default:
      return `${sent} was passed to the mail server of ${these}. That server sends no reports, so this is the last one.`
  }
}

/** Some recipients are delivered, others relayed. */
function isMixed({ recipients }: ReportFacts): boolean {
  return recipients.some(({ action }) => action !== recipients[0]?.action)
}

function paragraph(recipient: ReportRecipient, mixed: boolean): string[] {
  const lines = [`  <${recipient.address}>`]
  if (recipient.action === 'failed' || recipient.action === 'delayed') lines.push(...explanation(recipient))
  else if (mixed) lines.push(...wrap(successText(recipient), '    '))
  return lines
}

function successText({ action }: ReportRecipient): string {
  return action === 'delivered'
    ? 'The message was delivered.'
    : 'The message was passed to the mail server of this address, which sends no reports.'
}

function explanation(recipient: ReportRecipient): string[] {
  const { what, todo } = recipient.returned
    ? returnedByOperator
    : adviceFor(recipient.expired ? recipient.status : statusOf(recipient), recipient.replyClass ?? null)
  const sentences = recipient.action === 'failed' ? [...(recipient.expired ? [outOfTime] : []), what, todo] : [what]
  if (recipient.willRetryUntil !== null) {
    sentences.push(`We will try until ${formatDate(recipient.willRetryUntil)}.`)
  }
  const details =
    recipient.reply === ''
      ? []
      : ['', ...wrap(`${recipient.returned ? 'Reason' : 'Technical details'}: ${joinReply(recipient.reply)}`, '    ')]
  return [...wrap(sentences.join(' '), '    '), ...details]
}

const outOfTime = 'We tried for as long as possible.'

function ending(facts: ReportFacts): string {
  const returned = facts.returned.body === null ? 'the header of your message' : 'your message'
  return `A report for mail programs and ${returned} are attached. The number of your message is ${facts.queueId}. Please include it if you contact the postmaster.`
}

/** Breaks lines between words. Only a word that exceeds the line limit of a message (RFC 5322 section 2.1.1) is split. */
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
