// The lines of MAIL and RCPT (RFC 5321 sections 4.1.1.2 and 4.1.1.3, RFC 1870, RFC 6152, RFC 6531, RFC 3461, RFC 8689). A parameter is
// written only if the peer offers its extension.

import { formatOrcpt } from '../../smtp/parameters.ts'
import { encodeXtext } from '../../smtp/xtext.ts'
import type { Extensions } from './extensions.ts'
import type { TransportEnvelope, TransportRecipient } from './transport.ts'

export interface MailTraits {
  /** Octets of the message. */
  readonly size: number
  readonly eightBit: boolean
  readonly utf8: boolean
}

/** MAIL FROM with CRLF. */
export function mailCommand(envelope: TransportEnvelope, traits: MailTraits, offered: Extensions): string {
  const { parameters } = envelope
  let line = `MAIL FROM:<${envelope.reversePath ?? ''}>`
  if (offered.size !== null) line += ` SIZE=${traits.size}`
  if (traits.eightBit && offered.eightBitMime) line += ' BODY=8BITMIME'
  if (traits.utf8) line += ' SMTPUTF8'
  if (parameters.requireTls) line += ' REQUIRETLS'
  if (offered.dsn && parameters.ret !== null) line += ` RET=${parameters.ret}`
  if (offered.dsn && parameters.envid !== null) line += ` ENVID=${encodeXtext(parameters.envid)}`
  return `${line}\r\n`
}

/** RCPT TO with CRLF. @param utf8 MAIL has SMTPUTF8 */
export function rcptCommand(recipient: TransportRecipient, offered: Extensions, utf8: boolean): string {
  const { notify, orcpt } = recipient.parameters
  let line = `RCPT TO:<${recipient.address}>`
  if (offered.dsn && notify.length > 0) line += ` NOTIFY=${notify.join(',')}`
  if (offered.dsn && orcpt !== null) line += ` ORCPT=${formatOrcpt(orcpt, utf8)}`
  return `${line}\r\n`
}
