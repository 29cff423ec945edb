// TLS of a connection as one label value of a closed list, such as `TLSv1.3 verified`.

import type { TlsResult } from '../smtp/tls-result.ts'

const protocols = ['TLSv1', 'TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const
/** How many values there are for one direction: `none`, `other`, and each protocol with each level. */
export const TLS_WORDS = 2 + protocols.length * 2

/** Of a connection to a remote host: protocol and level. */
export function tlsWord(tls: TlsResult | null): string {
  if (tls === null || tls.level === 'none') return 'none'
  const protocol = protocolWord(tls.protocol)
  return protocol === null ? 'other' : `${protocol} ${tls.level}`
}

/** Of a connection from a client: the protocol. */
export function clientTlsWord(version: string | undefined): string {
  return version === undefined ? 'none' : (protocolWord(version) ?? 'other')
}

function protocolWord(version: string | undefined): string | null {
  return protocols.find((one) => one === version) ?? null
}
