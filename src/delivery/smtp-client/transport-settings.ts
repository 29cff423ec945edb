// What the SMTP client can be told. Time-outs default to those of RFC 5321 4.5.3.2 (connect and DATA as Postfix has them):
// shorter ones turn slow peers into duplicates, above all the ten minutes after the final dot.

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
  /** For each block of the message to leave our buffer. */
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

/** Local addresses to connect from, by family; null leaves it to the system. */
export interface SourceAddresses {
  readonly ipv4: string | null
  readonly ipv6: string | null
}

/** Our name in EHLO, by family: must resolve to the address that we come from (RFC 5321 4.1.4). */
export interface HeloNames {
  readonly ipv4: string
  readonly ipv6: string
}

export interface TransportSettings {
  readonly helo: HeloNames
  readonly timeouts: Timeouts
  /** Trusted CAs and, for our own nodes, our client certificate. */
  readonly tls: TlsContexts
  readonly source: SourceAddresses
}
