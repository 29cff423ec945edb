// The reason of a remote server's refusal, as one word of a closed list. Rules (src/delivery/default-replies.yaml and those of the operator)
// assign replies to it; the ledger stores the word and metrics count it.

export const replyClasses = [
  /** The server defers mail of an unknown client; a later attempt succeeds. */
  'greylisted',
  /** Too many messages or connections in a time. */
  'rate-limited',
  /** The reputation of the node's address, network or domain. */
  'blocked',
  /** The node's address has no name in the DNS, or a name without this address. */
  'reverse-dns',
  /** SPF, DKIM or DMARC of the message failed. */
  'unauthenticated',
  /** The content of the message is classified as spam. */
  'spam',
  /** The message contains malware. */
  'virus',
  /** A policy of the server without further detail. */
  'policy',
  'mailbox-full',
  'unknown-user',
  /** The mailbox existed and is closed. */
  'disabled-user',
  'unknown-domain',
  'relay-denied',
  'too-large',
  'too-many-recipients',
  'tls-needed',
  /** The node's password or certificate at a smarthost. */
  'login-failed',
  'loop',
  /** A failure of the server: overload, full disk, maintenance. */
  'server-trouble',
  /** One side did not understand the other's command or reply. */
  'protocol',
] as const

export type ReplyClass = (typeof replyClasses)[number]
