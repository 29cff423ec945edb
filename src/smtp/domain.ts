// Domains as SMTP writes them: LDH labels (RFC 5321 4.1.2), U-labels (RFC 6531 3.3, RFC 5890), address literals (RFC 5321 4.1.3).
// Every domain in the program is in lower case with A-labels, so that two spellings of one domain are one string. No DNS look-ups.

import { isIPv4, isIPv6 } from 'node:net'
import { domainToASCII, domainToUnicode } from 'node:url'
import { DOMAIN_OCTETS } from './address-limits.ts'

/** LDH labels, and underscores: RFC 5321 has none, but DNS permits them, and names of hosts with them send and receive mail. */
const ldhDomain = /^(?=.{1,255}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/
// oxlint-disable-next-line no-control-regex -- the class of ASCII itself
const ascii = /^[\x00-\x7f]*$/
const ipv6Literal = /^\[ipv6:([0-9a-f:.]+)\]$/

/** True if the text has no character beyond US-ASCII. */
export function isAscii(text: string): boolean {
  return ascii.test(text)
}

/**
 * The domain in lower case with A-labels, or null for a text that is no domain. A label beyond ASCII must be a U-label (RFC 5890 2.3.2.1):
 * a label that needs a mapping (full-width letters, ideographic full stops) is refused, because two servers may map it differently.
 */
export function asciiDomain(text: string): string | null {
  if (text.length > DOMAIN_OCTETS) return null
  const lower = text.toLowerCase()
  if (isAscii(text)) return ldhDomain.test(lower) ? lower : null
  const unicode = lower.normalize('NFC')
  // A percent sign would be decoded and a colon would start a port: neither is in a U-label.
  if (/[\s%:/?#@[\]\\]/.test(unicode)) return null
  const converted = domainToASCII(unicode)
  if (!ldhDomain.test(converted) || isIPv4(converted)) return null
  return domainToUnicode(converted) === unicode ? converted : null
}

/** The domain with U-labels, for display only; the text itself if it has no A-label. */
export function unicodeDomain(domain: string): string {
  return domain.includes('xn--') ? domainToUnicode(domain) || domain : domain
}

/** An address literal such as `[192.0.2.1]` or `[IPv6:2001:db8::1]`, in lower case; null for another text. */
export function addressLiteral(text: string): string | null {
  const lower = text.toLowerCase()
  return literalAddress(lower) === null ? null : lower
}

/** The IP address inside an address literal, or null. */
export function literalAddress(text: string): string | null {
  const lower = text.toLowerCase()
  const six = ipv6Literal.exec(lower)?.[1]
  if (six !== undefined) return isIPv6(six) && compressionFits(six) ? six : null
  if (!lower.startsWith('[') || !lower.endsWith(']')) return null
  const four = lower.slice(1, -1)
  return isIPv4(four) ? four : null
}

/** RFC 5321 4.1.3: an address with `::` has at most six groups, where an IPv4 tail counts as two: `::` never replaces a single group. */
function compressionFits(ip: string): boolean {
  if (!ip.includes('::')) return true
  const groups = ip.split(':').filter((group) => group !== '')
  return groups.length + (ip.includes('.') ? 1 : 0) <= 6
}
