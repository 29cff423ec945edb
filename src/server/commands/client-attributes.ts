// Reads the attributes of XCLIENT and XFORWARD, which have one form (https://www.postfix.org/XCLIENT_README.html, XFORWARD_README.html).

import { isIP } from 'node:net'
import { canonicalAddress } from '../../lib/ip-address.ts'
import { decodeXtext } from '../../smtp/xtext.ts'

const unknown: ReadonlySet<string> = new Set(['[UNAVAILABLE]', '[TEMPUNAVAIL]'])
const port = /^\d{1,5}$/
/** As for EHLO: printable ASCII without what has a meaning in a Received field. */
const heloName = /^[!#-'*-;=?-[\]-~]{1,255}$/

const forms = {
  ADDR: (value: string) => addressIn(value) !== null,
  DESTADDR: (value: string) => addressIn(value) !== null,
  PORT: isPort,
  DESTPORT: isPort,
  PROTO: (value: string) => /^[A-Z\d]{1,64}$/i.test(value),
  NAME: (value: string) => heloName.test(value),
  HELO: (value: string) => heloName.test(value),
  /** The queue ID at the front end. */
  IDENT: (value: string) => /^[!-~]{1,255}$/.test(value),
  SOURCE: (value: string) => /^(?:LOCAL|REMOTE)$/i.test(value),
} satisfies Record<string, (value: string) => boolean>

export type ClientAttribute = keyof typeof forms

/**
 * The values of the attributes; null for one without a value. Null as a whole if one is malformed, repeated or not offered, or if there is
 * none.
 */
export function readAttributes(
  argument: string,
  offered: readonly ClientAttribute[],
): ReadonlyMap<ClientAttribute, string | null> | null {
  const values = new Map<ClientAttribute, string | null>()
  for (const word of argument.split(/ +/)) {
    const [name = '', encoded, ...more] = word.split('=')
    const attribute = offered.find((one) => one === name.toUpperCase())
    const value = encoded === undefined || more.length > 0 ? null : decodeXtext(encoded)
    if (value === null || attribute === undefined || values.has(attribute)) return null
    const isKnown = !unknown.has(value.toUpperCase())
    if (isKnown && !forms[attribute](value)) return null
    values.set(attribute, isKnown ? value : null)
  }
  return values
}

function isPort(value: string): boolean {
  return port.test(value) && Number(value) <= 65_535
}

/** `192.0.2.1` or `IPV6:2001:db8::1`. */
export function addressIn(text: string): string | null {
  const version = /^IPV6:/i.test(text) ? 6 : 4
  const address = version === 6 ? text.slice('IPV6:'.length) : text
  return isIP(address) === version && !address.includes('%') ? canonicalAddress(address) : null
}
