// What the SMTP client can be told. Time-outs default to those of RFC 5321 4.5.3.2 (connect and DATA as Postfix has them):
// shorter ones turn slow peers into duplicates, above all the ten minutes after the final dot.

import type { SecureContext } from 'node:tls'
import {
  CONNECT_TIMEOUT,
  DATA_BLOCK_TIMEOUT,
  DATA_INITIATION_TIMEOUT,
  DATA_TERMINATION_TIMEOUT,
  EHLO_TIMEOUT,
  GREETING_TIMEOUT,
  MAIL_TIMEOUT,
  RCPT_TIMEOUT,
} from '../smtp/limits.ts'

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

export interface TransportSettings {
  /** Our name in EHLO: must resolve to our address. */
  readonly helo: string
  readonly timeouts: Timeouts
  /** Trusted CAs and, for our own nodes and smarthosts, our client certificate. Made once: loading roots costs milliseconds. */
  readonly tls: {
    readonly opportunistic: SecureContext
    readonly verified: SecureContext
  }
  /** Keywords to overlook, for servers whose extension is broken: by target host, `*` for all. Upper case. */
  readonly discardEhlo: ReadonlyMap<string, ReadonlySet<string>>
  /** Local address to connect from, by family; null leaves it to the system. */
  readonly source: { readonly ipv4: string | null; readonly ipv6: string | null }
}

const nothing: ReadonlySet<string> = new Set()

/** The keywords to overlook for one host. */
export function discardedKeywords(settings: TransportSettings, host: string): ReadonlySet<string> {
  return settings.discardEhlo.get(host.toLowerCase()) ?? settings.discardEhlo.get('*') ?? nothing
}
