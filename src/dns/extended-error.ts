// Why a resolver answers with an error, in its own words (RFC 8914): above all whether DNSSEC is the cause.

import type dnsPacket from 'dns-packet'

const EXTENDED_ERROR = 15

/** The codes of RFC 8914 section 4 that are about DNSSEC. */
const dnssecErrors: ReadonlyMap<number, string> = new Map([
  [5, 'indeterminate'],
  [6, 'bogus'],
  [7, 'signature expired'],
  [8, 'signature not yet valid'],
  [9, 'DNSKEY missing'],
  [10, 'RRSIGs missing'],
  [11, 'no zone key bit'],
  [12, 'NSEC missing'],
])

/** Such as `DNSSEC: signature expired`; null if the answer does not say that DNSSEC is the cause. */
export function dnssecError({ additionals = [] }: dnsPacket.DecodedPacket): string | null {
  for (const extra of additionals) {
    if (extra.type !== 'OPT') continue
    for (const option of extra.options) {
      const { code, data } = option as { readonly code: unknown; readonly data?: Buffer }
      if (code !== EXTENDED_ERROR || !data || data.length < 2) continue
      const meaning = dnssecErrors.get(data.readUInt16BE(0))
      if (meaning !== undefined) return `DNSSEC: ${meaning}`
    }
  }
  return null
}
