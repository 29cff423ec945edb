// What a server's refusal is about, in one word. A closed list: rules (src/delivery/default-replies.yaml and an operator's own) say which reply is which,
// the ledger keeps the word, metrics count it.

export const replyClasses = [
  /** Not now because we are unknown there: comes again and is let in. */
  'greylisted',
  /** Too much at once, too often. */
  'rate-limited',
  /** Our address, network or domain has a bad name there. */
  'blocked',
  /** Our address has no name, or one that does not lead back. */
  'reverse-dns',
  /** SPF, DKIM or DMARC of the mail did not convince. */
  'unauthenticated',
  /** The mail itself looks like spam. */
  'spam',
  /** The mail holds something dangerous. */
  'virus',
  /** A rule of theirs, not said which. */
  'policy',
  'mailbox-full',
  'unknown-user',
  /** There once was somebody. */
  'disabled-user',
  'unknown-domain',
  'relay-denied',
  'too-large',
  'too-many-recipients',
  'tls-needed',
  /** Our password or certificate towards a smarthost. */
  'login-failed',
  'loop',
  /** Their own trouble: overload, full disk, maintenance. */
  'server-trouble',
  /** They did not understand us, or we them. */
  'protocol',
] as const

export type ReplyClass = (typeof replyClasses)[number]
