// The attributes of XCLIENT (https://www.postfix.org/XCLIENT_README.html).

import { addressIn, readAttributes } from './client-attributes.ts'

/** Offered after EHLO, in the order of Postfix. LOGIN is not among them: it would replace a password. */
export const offeredAttributes = ['NAME', 'ADDR', 'PORT', 'PROTO', 'HELO', 'DESTADDR', 'DESTPORT'] as const

export interface NamedClient {
  readonly ip: string
  /** The name that the client gave to the front end; null if it is not known. */
  readonly helo: string | null
}

/** Null if an attribute is malformed, repeated or not offered, or if no address is named. */
export function readXclient(argument: string): NamedClient | null {
  const values = readAttributes(argument, offeredAttributes)
  if (!values || !isSmtp(values.get('PROTO') ?? null)) return null
  const ip = addressIn(values.get('ADDR') ?? '')
  return ip === null ? null : { ip, helo: values.get('HELO') ?? null }
}

function isSmtp(protocol: string | null): boolean {
  return protocol === null || /^E?SMTP$/i.test(protocol)
}
