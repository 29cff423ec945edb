// What one listener allows. Every number has its reason here; the assembly may override any of them from the configuration.
// Times are milliseconds, sizes octets.

import { AUTH_LINE_OCTETS, SERVER_COMMAND_TIMEOUT } from '../smtp/address-limits.ts'

export interface ServerLimits {
  /** Largest message. */
  readonly messageSize: number
  /** Recipients of one mail transaction. */
  readonly recipients: number
  /** Recipients above that limit that are refused without counting as errors. */
  readonly recipientOvershoot: number
  /** Sessions of this listener at once. */
  readonly connections: number
  /** Sessions of one IPv4 address or IPv6 /64 at once. */
  readonly connectionsPerClient: number
  /** Longest command line, AUTH excepted. */
  readonly commandLine: number
  /** Longest AUTH line. */
  readonly authLine: number
  /** How long the next command may take. */
  readonly commandMs: number
  /** How long a TLS handshake may take. */
  readonly handshakeMs: number
  /** After this age the session gets 421 instead of its next command. */
  readonly sessionMs: number
  /** How long all of DATA may take. */
  readonly dataMs: number
  /** Silence within DATA. */
  readonly dataIdleMs: number
  /** Octets per second that DATA must reach on average, counted after `dataGraceMs`. */
  readonly dataRate: number
  readonly dataGraceMs: number
  /** How long a client must be silent before the greeting. */
  readonly greetingMs: number
  /** From this many errors on, every further negative reply waits `errorDelayMs`. */
  readonly softErrors: number
  readonly errorDelayMs: number
  /** At this many errors the session ends. */
  readonly hardErrors: number
  /** Commands without progress (NOOP, RSET, VRFY, HELP, repeated EHLO) that are free. */
  readonly idleCommands: number
  /** Failed AUTH of one session. */
  readonly failedAuth: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

export const defaultLimits: ServerLimits = {
  // 50 MiB holds what people send as attachments; larger things are links.
  messageSize: 50 * 1024 * 1024,
  // RFC 5321 4.5.3.1.8 asks for at least 100; Postfix allows 1000.
  recipients: 1000,
  // A list server may send all of its recipients at once and take the 452 as a hint (RFC 5321 4.5.3.1.10).
  recipientOvershoot: 1000,
  connections: 1000,
  // Postfix's smtpd_client_connection_count_limit.
  connectionsPerClient: 50,
  // RFC 5321 4.5.3.1.4 has 512, extensions add up to 1100 (RFC 1870, 3461, 6531).
  commandLine: 2048,
  // RFC 4954 4: 12288 octets of base64, and the command before them.
  authLine: AUTH_LINE_OCTETS + 32,
  // RFC 5321 4.5.3.2.7: at least five minutes.
  commandMs: SERVER_COMMAND_TIMEOUT,
  handshakeMs: MINUTE,
  // Nobody needs a session this long; delivery pools of others close earlier.
  sessionMs: 60 * MINUTE,
  // 50 MiB at 15 kB/s.
  dataMs: 60 * MINUTE,
  // RFC 5321 4.5.3.2.5 lets the client wait three minutes for one block, so be more patient than that.
  dataIdleMs: 5 * MINUTE,
  // Postfix's smtpd_min_data_rate.
  dataRate: 500,
  dataGraceMs: MINUTE,
  // Long enough that a program which does not wait for the greeting has spoken.
  greetingMs: 100,
  // Postfix's smtpd_soft_error_limit, smtpd_error_sleep_time, smtpd_hard_error_limit, smtpd_junk_command_limit.
  softErrors: 10,
  errorDelayMs: SECOND,
  hardErrors: 20,
  idleCommands: 100,
  // People mistype a password; programs that guess start again.
  failedAuth: 5,
}
