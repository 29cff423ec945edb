// May this mail go to this peer at all? What the peer cannot take is refused by the book instead of being sent and mangled
// (RFC 6152 3, RFC 6531 3.5, RFC 1870 6.1, RFC 8689 4.2.1). No conversion is made: it would break signatures.

import { isAscii as isAsciiBytes } from 'node:buffer'
import { isAscii } from '../../smtp/domain.ts'
import type { MailTraits } from './envelope-commands.ts'
import type { Extensions } from './extensions.ts'
import type { TransportContent, TransportEnvelope, DeliveryError } from './transport.ts'

export interface CapabilityCheck {
  readonly traits: MailTraits
  /** The whole message may not go. */
  readonly message: DeliveryError | null
  /** By recipient: null if it may go. */
  readonly recipients: readonly (DeliveryError | null)[]
}

/** @param verified TLS with a proven server, as REQUIRETLS wants it */
export async function checkCapabilities(
  envelope: TransportEnvelope,
  content: TransportContent,
  peer: { readonly extensions: Extensions; readonly verified: boolean },
): Promise<CapabilityCheck> {
  const { extensions } = peer
  const recipients = envelope.recipients.map(({ address }) => unfitRecipient(address, extensions))
  // Who cannot go decides nothing about how the others do.
  const fit = envelope.recipients.filter((_, index) => recipients[index] === null)
  const traits = traitsOf({ ...envelope, recipients: fit }, content)
  const message =
    tooLarge(traits, extensions) ??
    unsafeTls(envelope, peer) ??
    unfitUtf8(envelope, content, extensions) ??
    (await unfitEightBit(envelope, content, extensions))
  return { traits, message, recipients }
}

function traitsOf(envelope: TransportEnvelope, content: TransportContent): MailTraits {
  const { header, inline, bodySize } = content
  const eightBit =
    envelope.parameters.body === '8BITMIME' || !isAsciiBytes(header) || (inline !== null && !isAsciiBytes(inline))
  return { size: header.length + bodySize, eightBit, utf8: needsUtf8(envelope, header) }
}

/** Only what is really there counts: clients say SMTPUTF8 for mail that any server could take. */
function needsUtf8(envelope: TransportEnvelope, header: Buffer): boolean {
  return (
    !isAscii(envelope.reversePath ?? '') ||
    envelope.recipients.some(({ address }) => !isAscii(address)) ||
    (envelope.parameters.smtputf8 && !isAsciiBytes(header))
  )
}

function tooLarge(traits: MailTraits, offered: Extensions): DeliveryError | null {
  if (offered.size === null || offered.size === 0 || traits.size <= offered.size) return null
  const text = `Message of ${traits.size} octets is larger than the ${offered.size} that the server accepts`
  return unfit('message', '5.3.4', text)
}

function unsafeTls(
  envelope: TransportEnvelope,
  peer: { readonly extensions: Extensions; readonly verified: boolean },
): DeliveryError | null {
  if (!envelope.parameters.requireTls || (peer.verified && peer.extensions.requireTls)) return null
  return unfit('message', '5.7.30', 'REQUIRETLS was asked for, but the server cannot promise it')
}

function unfitUtf8(envelope: TransportEnvelope, content: TransportContent, offered: Extensions): DeliveryError | null {
  if (offered.smtputf8) return null
  if (!isAscii(envelope.reversePath ?? '')) {
    return unfit('message', '5.6.7', 'The sender address is not ASCII, which the server does not support')
  }
  return envelope.parameters.smtputf8 && !isAsciiBytes(content.header)
    ? unfit('message', '5.6.9', 'The message header is UTF-8, which the server does not support')
    : null
}

async function unfitEightBit(
  envelope: TransportEnvelope,
  content: TransportContent,
  offered: Extensions,
): Promise<DeliveryError | null> {
  // Undeclared 8-bit content is the client's breach and goes out as it came; declared content is our promise to keep.
  if (offered.eightBitMime || envelope.parameters.body === '7BIT') return null
  const verdict = await isSevenBit(content)
  if (verdict === true) return null
  return verdict === false
    ? unfit('message', '5.6.3', 'The message has 8-bit content, which the server does not support')
    : { kind: 'unreadable', cause: verdict.cause }
}

async function isSevenBit(content: TransportContent): Promise<boolean | { readonly cause: string }> {
  if (!isAsciiBytes(content.header)) return false
  if (content.inline !== null) return isAsciiBytes(content.inline)
  try {
    for await (const chunk of content.open()) if (!isAsciiBytes(chunk as Buffer)) return false
    return true
  } catch (error) {
    return { cause: error instanceof Error ? error.message : String(error) }
  }
}

function unfitRecipient(address: string, offered: Extensions): DeliveryError | null {
  // The queue holds checked addresses; a line break here would be a second command, so look once more.
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\0-\x1f\x7f]/.test(address)) return unfit('recipient', '5.1.3', 'Control characters in the address')
  if (offered.smtputf8 || isAscii(address)) return null
  return unfit('recipient', '5.6.7', 'The address is not ASCII, which the server does not support')
}

function unfit(scope: 'recipient' | 'message', status: string, text: string): DeliveryError {
  return { kind: 'unsupported', scope, status, text }
}
