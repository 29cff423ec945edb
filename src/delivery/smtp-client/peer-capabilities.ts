// Checks what the peer supports before a message is sent to it (RFC 6152 section 3, RFC 6531 section 3.5, RFC 1870 section 6.1, RFC 8689
// section 4.2.1). Nothing is converted: that would break signatures.

import { isAscii as isAsciiBytes } from 'node:buffer'
import { errorText } from '../../lib/log.ts'
import { isAscii } from '../../smtp/domain.ts'
import type { MailTraits } from './envelope-commands.ts'
import type { Extensions } from './extensions.ts'
import type { DeliveryError, RecipientResult, TransportContent, TransportEnvelope } from './transport.ts'

export interface CapabilityCheck {
  readonly traits: MailTraits
  /** Set if the message cannot be sent to any recipient. */
  readonly message: DeliveryError | null
  /** By recipient: null if the message can be sent to it. */
  readonly recipients: readonly (DeliveryError | null)[]
}

/** RFC 8689 section 6. */
const REQUIRETLS_MISSING = '5.7.30'

/**
 * The host has no verified TLS, or does not offer REQUIRETLS. Each other host of the domain must be tried before the message fails (RFC 8689
 * section 4.2.1). For other extensions the first host speaks for all: another one would pass the message on to it.
 */
export function lacksRequireTls(result: RecipientResult): boolean {
  return result.kind === 'unsupported' && result.status === REQUIRETLS_MISSING
}

interface Peer {
  readonly extensions: Extensions
  /** Its certificate is verified for a name that is configured, or that DNSSEC proves. */
  readonly verified: boolean
}

export async function checkCapabilities(
  envelope: TransportEnvelope,
  content: TransportContent,
  peer: Peer,
): Promise<CapabilityCheck> {
  const { extensions } = peer
  const recipients = envelope.recipients.map(({ address }) => checkRecipient(address, extensions))
  // A recipient that is not supported does not change how the message is sent to the others.
  const supported = envelope.recipients.filter((_, index) => recipients[index] === null)
  const traits = traitsOf({ ...envelope, recipients: supported }, content)
  const message =
    checkSize(traits, extensions) ??
    checkRequireTls(envelope, peer) ??
    checkSmtpUtf8(envelope, content, extensions) ??
    (await checkEightBit(envelope, content, extensions))
  return { traits, message, recipients }
}

function traitsOf(envelope: TransportEnvelope, content: TransportContent): MailTraits {
  const { header, inline, bodySize } = content
  const eightBit =
    envelope.parameters.body === '8BITMIME' || !isAsciiBytes(header) || (inline !== null && !isAsciiBytes(inline))
  return { size: header.length + bodySize, eightBit, utf8: needsUtf8(envelope, header) }
}

/** Depends on the content, not on the parameter alone: clients use SMTPUTF8 for messages that do not need it. */
function needsUtf8(envelope: TransportEnvelope, header: Buffer): boolean {
  return (
    !isAscii(envelope.reversePath ?? '') ||
    envelope.recipients.some(({ address }) => !isAscii(address)) ||
    (envelope.parameters.smtputf8 && !isAsciiBytes(header))
  )
}

function checkSize(traits: MailTraits, offered: Extensions): DeliveryError | null {
  if (offered.size === null || offered.size === 0 || traits.size <= offered.size) return null
  return unsupported(
    'message',
    '5.3.4',
    `Message of ${traits.size} octets exceeds the server's limit of ${offered.size}`,
  )
}

function checkRequireTls(envelope: TransportEnvelope, peer: Peer): DeliveryError | null {
  if (!envelope.parameters.requireTls || (peer.verified && peer.extensions.requireTls)) return null
  return unsupported(
    'message',
    REQUIRETLS_MISSING,
    'The message requires REQUIRETLS, which the server does not support',
  )
}

function checkSmtpUtf8(
  envelope: TransportEnvelope,
  content: TransportContent,
  offered: Extensions,
): DeliveryError | null {
  if (offered.smtputf8) return null
  if (!isAscii(envelope.reversePath ?? ''))
    return unsupported('message', '5.6.7', 'The sender address is not ASCII, and the server does not support SMTPUTF8')
  return envelope.parameters.smtputf8 && !isAsciiBytes(content.header)
    ? unsupported('message', '5.6.9', 'The message header is UTF-8, and the server does not support SMTPUTF8')
    : null
}

async function checkEightBit(
  envelope: TransportEnvelope,
  content: TransportContent,
  offered: Extensions,
): Promise<DeliveryError | null> {
  // 8-bit content that the client did not declare is sent unchanged. Declared content must not reach a server without 8BITMIME.
  if (offered.eightBitMime || envelope.parameters.body === '7BIT') return null
  const result = await isSevenBit(content)
  if (result === true) return null
  return result === false
    ? unsupported('message', '5.6.3', 'The message has 8-bit content, and the server does not support 8BITMIME')
    : { kind: 'unreadable', cause: result.cause }
}

async function isSevenBit(content: TransportContent): Promise<boolean | { readonly cause: string }> {
  if (!isAsciiBytes(content.header)) return false
  if (content.inline !== null) return isAsciiBytes(content.inline)
  try {
    for await (const chunk of content.open()) if (!isAsciiBytes(chunk as Buffer)) return false
    return true
  } catch (error) {
    return { cause: errorText(error) }
  }
}

function checkRecipient(address: string, offered: Extensions): DeliveryError | null {
  // The queue stores checked addresses. A line break would be a second command, so this is checked again.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x1f\x7f]/.test(address)) return unsupported('recipient', '5.1.3', 'The address contains control characters')
  if (offered.smtputf8 || isAscii(address)) return null
  return unsupported('recipient', '5.6.7', 'The address is not ASCII, and the server does not support SMTPUTF8')
}

function unsupported(scope: 'recipient' | 'message', status: string, text: string): DeliveryError {
  return { kind: 'unsupported', scope, status, text }
}
