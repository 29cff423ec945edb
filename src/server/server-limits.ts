// The limits of one listener and the reason for each number; the configuration can change some. Times are milliseconds, sizes octets.

import { AUTH_LINE_OCTETS, SERVER_COMMAND_TIMEOUT } from '../smtp/address-limits.ts'

export interface ServerLimits {
  /** Largest message. */
  readonly messageSize: number
  /** Recipients of one mail transaction. */
  readonly recipients: number
  /** Recipients above that limit that get 452 without counting as errors. */
  readonly recipientOvershoot: number
  /** Longest command line except AUTH. */
  readonly commandLine: number
  /** Longest AUTH line. */
  readonly authLine: number
  /** Wait for the next command. */
  readonly commandMs: number
  /** Wait for the end of a TLS handshake. */
  readonly handshakeMs: number
  /** How long a command may run after the client has ended its direction; it is not cut while a complete message waits for its reply. */
  readonly halfOpenMs: number
  /** Age at which a session ends with 421 when the node waits for its next command. */
  readonly sessionMs: number
  /** All waits for a client together until it has proven itself (session-places.ts); the TLS handshake counts. */
  readonly unprovenMs: number
  /** The limits of strangers while their pool is full; they shrink from half full on. */
  readonly fullUnprovenMs: number
  readonly fullCommandMs: number
  /** Since the last accepted message. */
  readonly fullSessionMs: number
  /** For the whole message; `fullCommandMs` is the limit of its silence too. */
  readonly fullDataMs: number
  /** Wait for the whole message. */
  readonly dataMs: number
  /** Wait for the next octets of the message. */
  readonly dataIdleMs: number
  /** Octets per second that a message must reach on average after `dataGraceMs`. */
  readonly dataRate: number
  readonly dataGraceMs: number
  /** How long a client must stay silent before the greeting. */
  readonly greetingMs: number
  /**
   * Errors after which every further negative reply is delayed by `errorDelayMs`. For a client with many errors in other sessions each one
   * is, by as much more each time, up to the longest.
   */
  readonly softErrors: number
  readonly errorDelayMs: number
  readonly longestErrorDelayMs: number
  /** Pressure on the places of strangers (session-places.ts) from which a session ends where it would be delayed. */
  readonly tarpitPressure: number
  /** Errors at which the session ends. */
  readonly hardErrors: number
  /** Commands without progress (NOOP, RSET, VRFY, HELP, repeated EHLO) that do not count as errors. */
  readonly junkCommands: number
  /** How long a session stays open whose client is refused for good. */
  readonly refusedMs: number
  /** Failed AUTH at which the session ends. */
  readonly failedAuth: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

export const defaultLimits: ServerLimits = {
  // 50 MiB is enough for common attachments.
  messageSize: 50 * 1024 * 1024,
  // RFC 5321 4.5.3.1.8 asks for at least 100; Postfix allows 1000.
  recipients: 1000,
  // A list server may send all its recipients and resend those that got 452 (RFC 5321 4.5.3.1.10).
  recipientOvershoot: 1000,
  // RFC 5321 4.5.3.1.4 has 512, extensions add up to 1100 (RFC 1870, 3461, 6531).
  commandLine: 2048,
  // RFC 4954 4: 12288 octets of base64, plus the command.
  authLine: AUTH_LINE_OCTETS + 32,
  // RFC 5321 4.5.3.2.7: at least five minutes.
  commandMs: SERVER_COMMAND_TIMEOUT,
  handshakeMs: MINUTE,
  // Longer than the look-ups of a MAIL or RCPT usually take: Exim ends its direction after QUIT and still reads the replies.
  halfOpenMs: 30 * SECOND,
  // Longer than the connection pools of other servers keep a session.
  sessionMs: 60 * MINUTE,
  // A client sends EHLO, STARTTLS and MAIL within seconds; a person may have to type a password.
  unprovenMs: 2 * MINUTE,
  // Ten round trips of a slow line. RFC 5321 4.5.3.2.7 asks for five minutes; Postfix has ten seconds under stress.
  fullUnprovenMs: 10 * SECOND,
  fullCommandMs: 10 * SECOND,
  fullSessionMs: MINUTE,
  // 50 MiB at 90 kB/s.
  fullDataMs: 10 * MINUTE,
  // 50 MiB at 15 kB/s.
  dataMs: 60 * MINUTE,
  // Longer than the three minutes that a client may take for one block (RFC 5321 4.5.3.2.5).
  dataIdleMs: 5 * MINUTE,
  // Postfix's smtpd_min_data_rate.
  dataRate: 500,
  dataGraceMs: MINUTE,
  // Long enough to detect a program that does not wait for the greeting.
  greetingMs: 100,
  // Postfix's smtpd_soft_error_limit, smtpd_error_sleep_time, smtpd_hard_error_limit, smtpd_junk_command_limit.
  softErrors: 10,
  errorDelayMs: SECOND,
  // A session has at most nineteen delays, 85 seconds together; a client waits five minutes for a reply (RFC 5321 4.5.3.2).
  longestErrorDelayMs: 5 * SECOND,
  // Three quarters of what strangers can have are used.
  tarpitPressure: 0.5,
  hardErrors: 20,
  junkCommands: 100,
  // Long enough for QUIT. It keeps a place that the client cannot use.
  refusedMs: 10 * SECOND,
  // Allows for typing errors; a program that guesses has to connect again.
  failedAuth: 5,
}
