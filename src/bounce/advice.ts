// What went wrong and what to do, in words for people who never heard of SMTP. By enhanced status (RFC 3463), most telling part first.

import type { ReplyClass } from '../smtp/reply-class.ts'

export interface Advice {
  /** What happened. */
  readonly what: string
  /** What the reader can do. */
  readonly todo: string
}

const checkAddress = 'Please check the address for typing errors. If it is right, ask the recipient for a current one.'
const tellThem = 'Please tell the recipient by another way; only their mail provider can change this.'
const tryLater = 'You may send the message again later.'
const askPostmaster = 'If you need help, answer this message: it goes to the people who run this mail server.'

/** By subject.detail. */
const byDetail: Readonly<Record<string, Advice>> = {
  '1.1': { what: "There is no such mailbox at the recipient's mail server.", todo: checkAddress },
  '1.2': { what: 'The part of the address behind the @ does not exist.', todo: checkAddress },
  '1.3': { what: 'The address is not written in a way that mail servers understand.', todo: checkAddress },
  '1.6': { what: 'The recipient has moved and left no new address.', todo: checkAddress },
  '1.10': { what: 'The domain of this address takes no mail at all.', todo: checkAddress },
  '2.1': { what: 'The mailbox is closed.', todo: tellThem },
  '2.2': { what: "The recipient's mailbox is full.", todo: `${tellThem} ${tryLater}` },
  '2.3': {
    what: "The message is too large for the recipient's mailbox.",
    todo: 'Please send a smaller message, or a link instead of the attachment.',
  },
  '3.4': {
    what: "The message is too large for the recipient's mail server.",
    todo: 'Please send a smaller message, or a link instead of the attachment.',
  },
  '4.1': { what: "The recipient's mail server does not answer.", todo: tryLater },
  '4.2': { what: "The connection to the recipient's mail server broke each time.", todo: tryLater },
  '4.3': { what: 'The domain of the recipient could not be looked up.', todo: `${checkAddress} ${tryLater}` },
  '4.4': { what: 'There is no mail server for this address.', todo: checkAddress },
  '4.6': { what: 'The message would have gone round in circles.', todo: askPostmaster },
  '4.7': { what: "The recipient's mail server did not take the message in all the time we tried.", todo: tryLater },
  '6.3': {
    what: "The recipient's mail server cannot take messages of this kind.",
    todo: 'Please send it as plain text or with other attachments.',
  },
  '6.7': {
    what: "The recipient's mail server does not know addresses with letters beyond A to Z.",
    todo: 'Please use another address of the recipient, or write from another address of yours.',
  },
  '6.9': {
    what: "The recipient's mail server does not take messages with letters beyond A to Z in names and addresses.",
    todo: 'Please write from a program that encodes them the old way.',
  },
  '7.1': { what: "The recipient's mail server refused the message by its own rules.", todo: tellThem },
  '7.25': { what: "The recipient's mail server does not trust this mail server's address.", todo: askPostmaster },
  '7.26': { what: "The recipient's mail server does not believe that the message is from you.", todo: askPostmaster },
  '7.28': { what: "The recipient's mail server got too many messages.", todo: tryLater },
  '7.30': {
    what: 'You asked for protected transport, which the way to the recipient does not offer.',
    todo: 'Please send it without that demand, or by another way.',
  },
}

/** By subject alone. */
const bySubject: Readonly<Record<string, Advice>> = {
  '1': { what: 'The address was not accepted.', todo: checkAddress },
  '2': { what: "The recipient's mailbox could not take the message.", todo: tellThem },
  '3': { what: "The recipient's mail server has a problem.", todo: tryLater },
  '4': { what: "The way to the recipient's mail server does not work.", todo: tryLater },
  '5': { what: 'The mail servers did not understand each other.', todo: askPostmaster },
  '6': { what: "The recipient's mail server does not take this kind of content.", todo: tellThem },
  '7': { what: "The recipient's mail server refused the message for reasons of security or policy.", todo: tellThem },
}

const unknown: Advice = { what: "The recipient's mail server did not take the message.", todo: askPostmaster }

/** What a rule for replies recognised tells more than a status that is vague (`5.0.0`, `5.7.1`, `5.1.0`) or none. */
const byClass: Partial<Readonly<Record<ReplyClass, string>>> = {
  'unknown-user': '1.1',
  'disabled-user': '2.1',
  'mailbox-full': '2.2',
  'too-large': '3.4',
  'unknown-domain': '1.2',
  'reverse-dns': '7.25',
  unauthenticated: '7.26',
  'rate-limited': '7.28',
  loop: '4.6',
}

/** Statuses that say what happened whatever anybody recognised in the words. */
const vague = new Set(['0.0', '1.0', '2.0', '3.0', '4.0', '4.7', '5.0', '7.0', '7.1'])

/** Advice for a status such as `5.1.1` and what a rule knows of the reply. In US-ASCII. */
export function adviceFor(status: string, replyClass: ReplyClass | null = null): Advice {
  const [, subject = '', detail = ''] = status.split('.')
  const given = `${subject}.${detail}`
  const known = vague.has(given) && replyClass !== null ? byClass[replyClass] : undefined
  return byDetail[known ?? given] ?? bySubject[subject] ?? unknown
}
