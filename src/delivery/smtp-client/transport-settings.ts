// Settings of the SMTP client. The time-outs are those of RFC 5321 section 4.5.3.2, for connect and DATA those of Postfix. Shorter ones, above
// all after the final dot, make duplicates at slow peers.

import {
  CONNECT_TIMEOUT,
  DATA_BLOCK_TIMEOUT,
  DATA_INITIATION_TIMEOUT,
  DATA_TERMINATION_TIMEOUT,
  EHLO_TIMEOUT,
  GREETING_TIMEOUT,
  MAIL_TIMEOUT,
  RCPT_TIMEOUT,
} from '../../smtp/address-limits.ts'
import type { TlsContexts } from '../tls-policy/tls-policy.ts'

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number
  readonly greeting: number
  readonly ehlo: number
  readonly starttls: number
  readonly mail: number
  readonly rcpt: number
  readonly data: number
  /** For each block of the message to leave the buffer. */
  readonly block: number
  readonly finalDot: number
}

export const standardTimeouts: Timeouts = {
  connect: CONNECT_TIMEOUT,
  greeting: GREETING_TIMEOUT,
  ehlo: EHLO_TIMEOUT,
  starttls: EHLO_TIMEOUT,
  mail: MAIL_TIMEOUT,
  rcpt: RCPT_TIMEOUT,
  data: DATA_INITIATION_TIMEOUT,
  block: DATA_BLOCK_TIMEOUT,
  finalDot: DATA_TERMINATION_TIMEOUT,
}

/** Local addresses to connect from, by family; null if the kernel chooses. */
export interface SourceAddresses {
  readonly ipv4: string | null
  readonly ipv6: string | null
}

/** The name in EHLO, by family: it must resolve to the source address (RFC 5321 section 4.1.4). */
export interface HeloNames {
  readonly ipv4: string
  readonly ipv6: string
}

export interface TransportSettings {
  readonly helo: HeloNames
  readonly timeouts: Timeouts
  /** With the trusted CAs and, for fleet nodes, the client certificate. */
  readonly tls: TlsContexts
  readonly source: SourceAddresses
}
