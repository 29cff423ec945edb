// The Mailbox of RFC 5321 4.1.2 with the UTF-8 of RFC 6531 3.3: `local-part@domain` or `local-part@[address literal]`.
// No comments, no folding white space, no obsolete forms: those belong to headers (RFC 5322), never to an envelope.
// The printed form (least quoting, domain in lower case with A-labels) is the one form in which the program writes an address.

import { addressLiteral, asciiDomain, isAscii } from './domain.ts'
import { LOCAL_PART_OCTETS, MAILBOX_OCTETS } from './address-limits.ts'

/** `local` without quotes and escapes; `domain` is canonical (smtp/domain.ts), an address literal with its brackets. */
export interface Mailbox {
  readonly local: string
  readonly domain: string
}

export type ParsedMailbox =
  | { readonly kind: 'mailbox'; readonly mailbox: Mailbox }
  | { readonly kind: 'bad'; readonly problem: string }

/** UTF8-non-ascii of RFC 6531 without characters that are invisible or ambiguous: C1 controls, line separators, replacement character, lone surrogates. */
const utf8 = '\\u{a0}-\\u{2027}\\u{202a}-\\u{d7ff}\\u{e000}-\\u{fffc}\\u{10000}-\\u{10fffd}'
const atext = `A-Za-z0-9!#$%&'*+/=?^_\`{|}~\\-${utf8}`
const dotString = new RegExp(`^[${atext}]+(?:\\.[${atext}]+)*$`, 'u')
/** Dots at an end or in a row, without quotes: no Dot-string, but addresses of old mobile operators. They are written with quotes onward. */
const looseDots = new RegExp(`^[${atext}.]+$`, 'u')
const quotedString = new RegExp(`^"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e${utf8}]|\\\\[\\x20-\\x7e])*"$`, 'u')
/** The text that a quoted string can hold. */
const quotable = new RegExp(`^[\\x20-\\x7e${utf8}]*$`, 'u')

export interface MailboxReading {
  /** Reads a local part with dots at an end or in a row like a quoted one. */
  readonly looseDots: boolean
}

/** Reads one mailbox without angle brackets. */
export function parseMailbox(text: string, reading: MailboxReading = { looseDots: false }): ParsedMailbox {
  if (Buffer.byteLength(text) > MAILBOX_OCTETS) return bad('longer than 254 octets')
  const at = text.lastIndexOf('@')
  if (at < 0) return bad('no domain')
  const written = text.slice(0, at)
  const local = readLocal(written, reading)
  if (local === null) return bad(written === '' ? 'no local part' : 'malformed local part')
  if (Buffer.byteLength(written) > LOCAL_PART_OCTETS) return bad('local part longer than 64 octets')
  const domain = canonicalDomain(text.slice(at + 1))
  if (domain === null) return bad('malformed domain')
  // A-labels are longer than U-labels, and the limit applies to the printed form.
  const mailbox = { local, domain }
  return Buffer.byteLength(formatMailbox(mailbox)) > MAILBOX_OCTETS
    ? bad('longer than 254 octets')
    : { kind: 'mailbox', mailbox }
}

/** Prints with the least quoting (RFC 5321 4.1.2). `parseMailbox` reads the same mailbox from the result. */
export function formatMailbox(mailbox: Mailbox): string {
  return `${formatLocalPart(mailbox.local)}@${mailbox.domain}`
}

/** A local part as written before the `@`, with quotes only if RFC 5321 4.1.2 requires them. */
export function formatLocalPart(local: string): string {
  return dotString.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`
}

/** The printed form of an address, or null if the text is no mailbox. */
export function normalizeMailbox(text: string): string | null {
  const parsed = parseMailbox(text)
  return parsed.kind === 'mailbox' ? formatMailbox(parsed.mailbox) : null
}

/**
 * Both parts of an address as written: a quoted local part keeps its quotes. The last `@` separates, because only a local part can hold
 * one. An address without `@` has an empty domain.
 */
export function splitAddress(address: string): Mailbox {
  const at = address.lastIndexOf('@')
  return at < 0 ? { local: address, domain: '' } : { local: address.slice(0, at), domain: address.slice(at + 1) }
}

/** The domain of an address as written; empty without one. */
export function domainOf(address: string): string {
  return splitAddress(address).domain
}

/** True if this address can only be sent to a peer that offers SMTPUTF8 (RFC 6531): domains have A-labels, so only a local part can need it. */
export function needsSmtputf8(address: string): boolean {
  return !isAscii(address)
}

function readLocal(written: string, reading: MailboxReading): string | null {
  if (dotString.test(written) || (reading.looseDots && looseDots.test(written))) return written
  if (!quotedString.test(written)) return null
  const local = written.slice(1, -1).replace(/\\(.)/gu, '$1')
  return quotable.test(local) ? local : null
}

function canonicalDomain(text: string): string | null {
  return text.startsWith('[') ? addressLiteral(text) : asciiDomain(text)
}

function bad(problem: string): ParsedMailbox {
  return { kind: 'bad', problem }
}
