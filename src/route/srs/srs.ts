// The Sender Rewriting Scheme: the reverse-path that a forwarder writes so that SPF passes and bounces return. Byte-compatible with
// Mail::SRS, libsrs2 and postsrsd ("guarded" scheme: SRS0 and SRS1). Whether a message may use an address is decided in reverse-srs.ts.

import { parseAddress, printAddress } from '../../directory/address.ts'
import { LOCAL_PART_OCTETS } from '../../smtp/address-limits.ts'
import type { Mailbox } from '../../smtp/mailbox.ts'
import { hashLengthFor, shortestAccepted, srsHash, verifySrsHash } from './srs-hash.ts'
import type { SrsHashSettings } from './srs-hash.ts'
import { checkStamp, makeStamp } from './srs-stamp.ts'

export interface SrsSettings extends SrsHashSettings {
  /** The domain of new SRS addresses; its MX hosts must have the same secrets. */
  readonly domain: string
  /** Earlier SRS domains: still decoded, never used for new addresses. */
  readonly formerDomains?: readonly string[]
  /** The character after `SRS0`; all others are `=` by the scheme. Default `=`. */
  readonly separator?: '=' | '+' | '-'
  /** Days an address stays valid; default 21. */
  readonly maxAgeDays?: number
}

export type SrsEncoded =
  | { readonly kind: 'rewritten'; readonly address: string }
  | { readonly kind: 'unchanged'; readonly reason: 'null sender' | 'no domain' | 'own domain' | 'own SRS address' }
  /** The local part would exceed 64 octets (RFC 5321 4.5.3.1.1). */
  | { readonly kind: 'too-long'; readonly octets: number }

export type SrsDecoded =
  | { readonly kind: 'decoded'; readonly address: string; readonly scheme: 'SRS0' | 'SRS1' }
  | { readonly kind: 'not-srs' }
  /** An SRS address of a foreign domain, which is not changed. */
  | { readonly kind: 'other-domain' }
  | { readonly kind: 'refused'; readonly reason: 'malformed' | 'wrong hash' | 'expired' | 'from the future' }

const SRS1 = /^SRS1([=+-])([^=]+)=([^=]+)=([=+-][\s\S]+)$/i
const SRS0 = /^SRS0([=+-])([^=]+)=([^=]+)=([^=]+)=([\s\S]+)$/i

/**
 * Rewrites a reverse-path for forwarding. `isOwn` names domains whose senders are never rewritten; `at` is unix milliseconds.
 * A sender that is already an SRS0 address becomes SRS1, which any further forwarder keeps at the same length.
 */
export function encodeSrs(
  sender: string | null,
  at: number,
  settings: SrsSettings,
  isOwn: (domain: string) => boolean = () => false,
): SrsEncoded {
  if (sender === null || sender === '') return { kind: 'unchanged', reason: 'null sender' }
  const address = parseAddress(sender)
  if (!address) return { kind: 'unchanged', reason: 'no domain' }
  if (isSrsDomain(address.domain, settings)) {
    return { kind: 'unchanged', reason: isSrs(address.local) ? 'own SRS address' : 'own domain' }
  }
  if (isOwn(address.domain)) return { kind: 'unchanged', reason: 'own domain' }
  const form = formOf(address, at, settings.separator ?? '=')
  const length = hashLengthFor(octetsWithoutHash(form), settings)
  const octets = octetsWithoutHash(form) + length
  if (octets > LOCAL_PART_OCTETS) return { kind: 'too-long', octets }
  const local = `${form.start}${srsHash(form.parts, length, settings)}${form.end}`
  return { kind: 'rewritten', address: printAddress({ local, domain: settings.domain }) }
}

/** Decodes an SRS address of ours. `at` is unix milliseconds; a stamp may be one day in the future. */
export function decodeSrs(text: string, at: number, settings: SrsSettings): SrsDecoded {
  const address = parseAddress(text)
  if (!address || !isSrs(address.local)) return { kind: 'not-srs' }
  if (!isSrsDomain(address.domain, settings)) return { kind: 'other-domain' }
  return /^srs0/i.test(address.local)
    ? decodeSrs0(address.local, at, settings)
    : decodeSrs1(address.local, at, settings)
}

/** True for a local part in the form of SRS, valid or not. */
export function isSrs(local: string): boolean {
  return /^srs[01][=+-]/i.test(local)
}

/** True for the current and the earlier SRS domains. */
export function isSrsDomain(domain: string, settings: SrsSettings): boolean {
  return domain === settings.domain || (settings.formerDomains?.includes(domain) ?? false)
}

/** A local part around its hash, and what the hash covers. */
interface SrsForm {
  readonly start: string
  readonly end: string
  readonly parts: readonly string[]
}

function formOf({ local, domain }: Mailbox, at: number, separator: string): SrsForm {
  const chained = SRS1.exec(local)
  if (chained) return srs1Form(separator, chained[3] as string, chained[4] as string)
  if (SRS0.test(local)) return srs1Form(separator, domain, local.slice(4))
  return srs0Form(separator, makeStamp(at), { local, domain })
}

function srs0Form(separator: string, stamp: string, { local, domain }: Mailbox): SrsForm {
  return { start: `SRS0${separator}`, end: `=${stamp}=${domain}=${local}`, parts: [stamp, domain, local] }
}

function srs1Form(separator: string, firstHop: string, inner: string): SrsForm {
  return { start: `SRS1${separator}`, end: `=${firstHop}=${inner}`, parts: [firstHop, inner] }
}

/** As printed. A hash needs no quotes, so that writer and reader find the same number. */
function octetsWithoutHash({ start, end }: SrsForm): number {
  return Buffer.byteLength(printAddress({ local: `${start}${end}`, domain: 'x' })) - '@x'.length
}

function isHashOf(hash: string, form: SrsForm, at: number, settings: SrsSettings): boolean {
  const minimum = shortestAccepted(octetsWithoutHash(form), at, settings)
  return verifySrsHash(hash, form.parts, { minimum, secrets: settings.secrets })
}

function decodeSrs0(text: string, at: number, settings: SrsSettings): SrsDecoded {
  const parts = SRS0.exec(text)
  if (!parts) return { kind: 'refused', reason: 'malformed' }
  const [separator, hash, stamp, domain, local] = parts.slice(1) as [string, string, string, string, string]
  if (!isHashOf(hash, srs0Form(separator, stamp, { local, domain }), at, settings))
    return { kind: 'refused', reason: 'wrong hash' }
  const age = checkStamp(stamp, at, settings.maxAgeDays)
  if (age !== 'valid') return { kind: 'refused', reason: age }
  return decodedTo({ local, domain }, 'SRS0')
}

function decodeSrs1(text: string, at: number, settings: SrsSettings): SrsDecoded {
  const parts = SRS1.exec(text)
  if (!parts) return { kind: 'refused', reason: 'malformed' }
  const [separator, hash, domain, inner] = parts.slice(1) as [string, string, string, string]
  if (!isHashOf(hash, srs1Form(separator, domain, inner), at, settings))
    return { kind: 'refused', reason: 'wrong hash' }
  return decodedTo({ local: `SRS0${inner}`, domain }, 'SRS1')
}

/** Parses the decoded address, so that the result is a valid address. */
function decodedTo(address: Mailbox, scheme: 'SRS0' | 'SRS1'): SrsDecoded {
  const read = parseAddress(printAddress(address))
  return read ? { kind: 'decoded', address: printAddress(read), scheme } : { kind: 'refused', reason: 'malformed' }
}
