// Names as the DNS asks for them (RFC 1035 2.3.4, RFC 5890): lower case, A-labels, no final dot.
// A name that cannot exist is refused here, so nothing malformed ever reaches a server.

import { domainToASCII } from 'node:url'

/** RFC 1035 2.3.4: a label has 1 to 63 octets. */
const MAX_LABEL = 63
/** RFC 1035 2.3.4: 255 octets on the wire, which is 253 in text. */
const MAX_NAME = 253

/**
 * The printable name in its canonical form, or null if no such name can exist.
 * Every printable ASCII character passes, the space too: a label may hold any octet (RFC 2181 11) and SPF macros
 * make odd names (RFC 7208 7.1). What a host name may hold is the caller's question.
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
