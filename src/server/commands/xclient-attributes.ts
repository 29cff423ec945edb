// Reads the attributes of XCLIENT, as Postfix defines them (https://www.postfix.org/XCLIENT_README.html).

import { isIP } from 'node:net'
import { canonicalAddress } from '../../lib/ip-address.ts'
import { decodeXtext } from '../../smtp/xtext.ts'

/** Offered after EHLO, in the order of Postfix. LOGIN is not among them: it would replace a password. */
export const offeredAttributes = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'DESTADDR', 'DESTPORT'] as const
type Attribute = (typeof offeredAttributes)[number]

export interface NamedClient {
  readonly ip: string
  /** The name that the client gave to the front end; null if it is not known. */
  readonly helo: string | null
}

const unknown: ReadonlySet<string> = new Set(['[UNAVAILABLE]', '[TEMPUNAVAIL]'])
const port = /^\d{1,5}$/
/** As for EHLO: printable ASCII without what has a meaning in a Received field. */
const heloName = /^[!#-'*-;=?-[\]-~]{1,255}$/

/** Null if an attribute is malformed, repeated or not offered, or if no address is named. */
export function readXclient(argument: string): NamedClient | null {
  const values = new Map<string, string | null>()
  for (const word of argument.split(/ +/)) {
    const [name = '', encoded, ...more] = word.split('=')
    const attribute = name.toUpperCase()
    const value = encoded === undefined || more.length > 0 ? null : decodeXtext(encoded)
    if (value === null || !isOffered(attribute) || values.has(attribute)) return null
    const isKnown = !unknown.has(value.toUpperCase())
    if (isKnown && !isValid(attribute, value)) return null
    values.set(attribute, isKnown ? value : null)
  }
  const ip = addressIn(values.get('ADDR') ?? '')
  return ip === null ? null : { ip, helo: values.get('HELO') ?? null }
}

function isOffered(name: string): name is Attribute {
  return (offeredAttributes as readonly string[]).includes(name)
}

function isValid(attribute: Attribute, value: string): boolean {
  switch (attribute) {
    case 'ADDR':
    case 'DESTADDR':
      return addressIn(value) !== null
    case 'PORT':
    case 'DESTPORT':
      return port.test(value) && Number(value) <= 65_535
    case 'PROTO':
      return /^E?SMTP$/i.test(value)
    case 'NAME':
    case 'HELO':
      return heloName.test(value)
  }
}

/** `192.0.2.1` or `IPV6:2001:db8::1`. */
function addressIn(text: string): string | null {
  const version = /^IPV6:/i.test(text) ? 6 : 4
  const address = version === 6 ? text.slice('IPV6:'.length) : text
  return isIP(address) === version && !address.includes('%') ? canonicalAddress(address) : null
}
