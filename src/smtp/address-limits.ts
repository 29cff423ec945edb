// Sizes and time-outs of SMTP (RFC 5321 4.5.3) as named constants. Octets and milliseconds. Rooms that use a number of the
// protocol take it from here, so that it is written and reasoned once; nothing here is a policy of ours.

/** Local part, RFC 5321 4.5.3.1.1. */
export const LOCAL_PART_OCTETS = 64
/** Domain, RFC 5321 4.5.3.1.2. */
export const DOMAIN_OCTETS = 255
/** A mailbox without its angle brackets: RFC 5321 4.5.3.1.3 gives a path 256 octets with them. */
export const MAILBOX_OCTETS = 254
/** A SASL response line, RFC 4954 section 4: base64 of large tickets. */
export const AUTH_LINE_OCTETS = 12_288
/** One reply line with CRLF, RFC 5321 4.5.3.1.5. */
export const REPLY_LINE_OCTETS = 512
/** ENVID as sent, RFC 3461 section 4.4. */
export const ENVID_OCTETS = 100
/** ORCPT as sent, RFC 3461 section 4.2. */
export const ORCPT_OCTETS = 500

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Waiting for a TCP connection: RFC 5321 names no time; 30 s is what Postfix waits, and the next MX host is worth trying by then. */
export const CONNECT_TIMEOUT = 30 * SECOND
/** Waiting for the 220 greeting, RFC 5321 4.5.3.2.1. */
export const GREETING_TIMEOUT = 5 * MINUTE
/** Waiting for the reply to EHLO: no time of its own in RFC 5321, so as MAIL. */
export const EHLO_TIMEOUT = 5 * MINUTE
/** RFC 5321 4.5.3.2.2. */
export const MAIL_TIMEOUT = 5 * MINUTE
/** RFC 5321 4.5.3.2.3: longer if mailing lists are processed at RCPT. */
export const RCPT_TIMEOUT = 5 * MINUTE
/** Waiting for 354, RFC 5321 4.5.3.2.4. */
export const DATA_INITIATION_TIMEOUT = 2 * MINUTE
/** Waiting for one block of data to be taken, RFC 5321 4.5.3.2.5. */
export const DATA_BLOCK_TIMEOUT = 3 * MINUTE
/** Waiting for the reply to the final dot, RFC 5321 4.5.3.2.6. Never shorter: who gives up while the peer commits, sends a duplicate. */
export const DATA_TERMINATION_TIMEOUT = 10 * MINUTE
/** A server waits this long for the next command, RFC 5321 4.5.3.2.7. */
export const SERVER_COMMAND_TIMEOUT = 5 * MINUTE
