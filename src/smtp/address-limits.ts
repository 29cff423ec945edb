// Sizes and time-outs of SMTP (RFC 5321 4.5.3) as named constants, in octets and milliseconds. Limits that are a policy of Waypost are
// not in this file.

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

/** TCP connection. RFC 5321 gives no time; Postfix waits 30 s before it tries the next MX host. */
export const CONNECT_TIMEOUT = 30 * SECOND
/** The 220 greeting, RFC 5321 4.5.3.2.1. */
export const GREETING_TIMEOUT = 5 * MINUTE
/** The reply to EHLO. RFC 5321 gives no time, so the time of MAIL. */
export const EHLO_TIMEOUT = 5 * MINUTE
/** The reply to MAIL, RFC 5321 4.5.3.2.2. */
export const MAIL_TIMEOUT = 5 * MINUTE
/** The reply to RCPT, RFC 5321 4.5.3.2.3. */
export const RCPT_TIMEOUT = 5 * MINUTE
/** The reply 354 to DATA, RFC 5321 4.5.3.2.4. */
export const DATA_INITIATION_TIMEOUT = 2 * MINUTE
/** One write of message data, RFC 5321 4.5.3.2.5. */
export const DATA_BLOCK_TIMEOUT = 3 * MINUTE
/** The reply to the final dot, RFC 5321 4.5.3.2.6. A client that gives up while the peer commits sends a duplicate. */
export const DATA_TERMINATION_TIMEOUT = 10 * MINUTE
/** The next command of a client, RFC 5321 4.5.3.2.7. */
export const SERVER_COMMAND_TIMEOUT = 5 * MINUTE
