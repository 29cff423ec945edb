// Names in the form of DNS queries (RFC 1035 2.3.4, RFC 5890): lower case, A-labels, no final dot. A name that cannot exist is rejected, so
// that no malformed query is sent.

import { domainToASCII } from 'node:url'

/** RFC 1035 2.3.4: a label has 1 to 63 octets. */
const MAX_LABEL = 63
/** RFC 1035 2.3.4: 255 octets on the wire, which is 253 in text. */
const MAX_NAME = 253

/**
 * The printable name in its canonical form, or null for a name that cannot exist.
 * Every printable ASCII character is allowed, also the space: a label may hold any octet (RFC 2181 11), and SPF macros create unusual names
 * (RFC 7208 7.1). The caller checks the syntax of host names.
 */
export function canonicalName(name: string): string | null {
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const ascii = isAscii(bare) ? bare.toLowerCase() : domainToASCII(bare)
  if (ascii.length === 0 || ascii.length > MAX_NAME) return null
  for (const label of ascii.split('.')) if (!isLabel(label)) return null
  return ascii
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7e) return false
  return true
}

function isLabel(label: string): boolean {
  if (label.length === 0 || label.length > MAX_LABEL) return false
  for (let i = 0; i < label.length; i++) if (label.charCodeAt(i) < 0x20) return false
  return true
}
