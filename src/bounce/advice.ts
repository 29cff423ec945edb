// What happened and what the reader can do, for readers who do not know SMTP. Chosen by the enhanced status (RFC 3463).

import type { ReplyClass } from '../smtp/reply-class.ts'

export interface Advice {
  /** What happened. */
  readonly what: string
  /** What the reader can do. */
  readonly todo: string
}

const checkAddress =
  'Please check the address for typing errors. If it is correct, ask the recipient for a current address.'
const contactRecipient =
  'Please contact the recipient in another way. Only the mail provider of the recipient can change this.'
const tryLater = 'You can send the message again later.'
const askPostmaster = 'If you need help, reply to this message. It goes to the operators of this mail server.'
const withoutSafety =
  'The message is not sent without protection. Please contact the recipient in another way; the operators of that mail server can repair it.'
const sendLess = 'Please send a smaller message, or a link instead of the attachment.'

/** The recipient's mail server has nothing to do with it, and may never have seen the message. */
export const returnedByOperator: Advice = {
  what: 'The operators of this mail server returned the message; they will not deliver it.',
  todo: askPostmaster,
}

/** By subject.detail. */
const byDetail: Readonly<Record<string, Advice>> = {
  '1.1': { what: "This mailbox does not exist at the recipient's mail server.", todo: checkAddress },
  '1.2': { what: 'The domain of this address (the part after the @) does not exist.', todo: checkAddress },
  '1.3': { what: 'The address is not valid.', todo: checkAddress },
  '1.6': { what: 'The recipient has moved and left no new address.', todo: checkAddress },
  '1.10': { what: 'The domain of this address accepts no mail.', todo: checkAddress },
  '2.1': { what: 'The mailbox is closed.', todo: contactRecipient },
  '2.2': { what: "The recipient's mailbox is full.", todo: `${contactRecipient} ${tryLater}` },
  '2.3': { what: "The message is too large for the recipient's mailbox.", todo: sendLess },
  '3.4': { what: "The message is too large for the recipient's mail server.", todo: sendLess },
  '4.1': { what: "The recipient's mail server does not answer.", todo: tryLater },
  '4.2': { what: "The connection to the recipient's mail server was lost.", todo: tryLater },
  '4.3': { what: "The recipient's domain could not be looked up.", todo: `${checkAddress} ${tryLater}` },
  '4.4': { what: 'There is no mail server for this address.', todo: checkAddress },
  '4.6': { what: 'The message was forwarded in a loop.', todo: askPostmaster },
  '4.7': { what: "The recipient's mail server did not accept the message in time.", todo: tryLater },
  '6.3': {
    what: "The recipient's mail server does not support this kind of message.",
    todo: 'Please send plain text, or another kind of attachment.',
  },
  '6.7': {
    what: "The recipient's mail server does not support addresses with letters other than A to Z.",
    todo: 'Please use another address of the recipient, or send from another address.',
  },
  '6.9': {
    what: "The recipient's mail server does not support letters other than A to Z in names and addresses.",
    todo: 'Please send the message without such letters, or with another mail program.',
  },
  '7.1': { what: "The recipient's mail server rejected the message because of its rules.", todo: contactRecipient },
  '7.4': {
    what: "The recipient's mail server does not offer the protected transport that is required.",
    todo: withoutSafety,
  },
  '7.5': {
    what: "It could not be verified that the mail server found is the recipient's.",
    todo: withoutSafety,
  },
  '7.25': { what: "The recipient's mail server does not trust our mail server.", todo: askPostmaster },
  '7.26': {
    what: "The recipient's mail server could not verify that the message is from you.",
    todo: askPostmaster,
  },
  '7.28': { what: "The recipient's mail server received too many messages.", todo: tryLater },
  '7.30': {
    what: 'You asked for protected transport, which a mail server on the route does not support.',
    todo: 'Please send the message without this option, or in another way.',
  },
}

/** By subject alone. */
const bySubject: Readonly<Record<string, Advice>> = {
  '1': { what: 'The address was not accepted.', todo: checkAddress },
  '2': { what: "The recipient's mailbox did not accept the message.", todo: contactRecipient },
  '3': { what: "The recipient's mail server has a problem.", todo: tryLater },
  '4': { what: "The recipient's mail server could not be reached.", todo: tryLater },
  '5': { what: 'The mail servers could not communicate.', todo: askPostmaster },
  '6': { what: "The recipient's mail server does not accept this kind of content.", todo: contactRecipient },
  '7': {
    what: "The recipient's mail server rejected the message because of its security rules.",
    todo: contactRecipient,
  },
}

const unknown: Advice = { what: "The recipient's mail server did not accept the message.", todo: askPostmaster }

/** The class of the reply says more than a vague status (`5.0.0`, `5.7.1`, `5.1.0`) or none. */
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

/** Statuses that say less than the class of the reply. */
const vague = new Set(['0.0', '1.0', '2.0', '3.0', '4.0', '4.7', '5.0', '7.0', '7.1'])

/** Advice in US-ASCII for a status such as `5.1.1`. @param replyClass the class that a reply rule found; null for none */
export function adviceFor(status: string, replyClass: ReplyClass | null = null): Advice {
  const [, subject = '', detail = ''] = status.split('.')
  const given = `${subject}.${detail}`
  const known = vague.has(given) && replyClass !== null ? byClass[replyClass] : undefined
  return byDetail[known ?? given] ?? bySubject[subject] ?? unknown
}
