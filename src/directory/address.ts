// Addresses as keys of routing data, in one normal form: `Kim@EXAMPLE.org.` and `kim@example.org` are one entry. RFC 5321 4.1.2 (mailbox),
// RFC 5890 (A-labels), RFC 5233 (sub-addresses). A text that cannot be read without guessing (source routes, two bare @) is null.

import { addressLiteral, asciiDomain } from '../smtp/domain.ts'
import { formatMailbox } from '../smtp/mailbox.ts'
import type { Mailbox } from '../smtp/mailbox.ts'

/** The most common form of an address, which needs no normalisation. */
const plain = /^([A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*)@([a-z0-9]+(?:-+[a-z0-9]+)*(?:\.[a-z0-9]+(?:-+[a-z0-9]+)*)+)$/
/** Longer addresses take the slow path, which checks label lengths. */
const PLAIN_LIMIT = 63
// oxlint-disable-next-line no-control-regex -- control characters are exactly what has to be kept out
const control = /[\u0000-\u001f\u007f]/
const beyondAscii = /[\u0080-\uffff]/
const special = /[\s"(),:;<>@[\]\\]/

/** Reads `local@domain`; a quoted local part is unquoted. Null for any other text, including bare names. */
export function parseAddress(text: string): Mailbox | null {
  const easy = text.length <= PLAIN_LIMIT ? plain.exec(text) : null
  if (easy) return { local: easy[1] as string, domain: easy[2] as string }
  if (control.test(text)) return null
  const quoted = text.startsWith('"')
  const at = quoted ? closingQuote(text) + 1 : text.indexOf('@')
  if (at < 1 || text[at] !== '@') return null
  const local = quoted ? text.slice(1, at - 1).replaceAll(/\\(.)/g, '$1') : text.slice(0, at)
  if (local === '' || (!quoted && special.test(local))) return null
  const domain = normalDomain(text.slice(at + 1))
  return domain === null ? null : { local, domain }
}

/** The domain in normal form without a final dot, or null if the text is not a domain. Address literals keep their brackets. */
export function normalDomain(text: string): string | null {
  if (text.startsWith('[')) return addressLiteral(text)
  return asciiDomain(text.endsWith('.') ? text.slice(0, -1) : text)
}

/** The printed form, quoted only where RFC 5321 requires it. */
export function printAddress(address: Mailbox): string {
  return formatMailbox(address)
}

/** The key of an address of ours: our local parts are case-insensitive, and composed letters are normalised (RFC 6532 3.1). */
export function addressKey(address: Mailbox): string {
  const local = address.local.toLowerCase()
  return `${beyondAscii.test(local) ? local.normalize('NFC') : local}@${address.domain}`
}

/** Splits `local+tag` at the first delimiter; null if there is none, or no text before it (RFC 5233). */
export function splitTag(local: string, delimiter: string): { readonly base: string; readonly tag: string } | null {
  const at = delimiter === '' ? -1 : local.indexOf(delimiter)
  return at < 1 ? null : { base: local.slice(0, at), tag: local.slice(at + delimiter.length) }
}

/** True for a domain name that may have public DNS records: two labels or more, and not a number that resolvers read as an IP address. */
export function isPublicName(domain: string): boolean {
  return !domain.startsWith('[') && domain.includes('.') && !/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(domain)
}

/** True for the keys of postmaster and abuse, whose mail routing accepts at every domain of ours (RFC 5321 4.5.1, RFC 2142). */
export function isAlwaysAccepted(key: string): boolean {
  return /^(?:postmaster|abuse)@/.test(key)
}

/** Splits `kim, "a,b"@example.net` at the commas outside quotes; empty parts are left out. */
export function splitAddresses(text: string): readonly string[] {
  const parts = text.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g) ?? []
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function closingQuote(text: string): number {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at
  }
  return -2
}
