// Removes private details from a DSN. A private recipient (the destination of a forward) is named by the address that the sender used; its
// own address, host and IP address are removed from the reply of the remote server. The ledger keeps everything.

import { isIPv4 } from 'node:net'
import { mapFields } from '../message/header.ts'
import type { NoticeRecipient } from '../queue/contract/queue.ts'
import { unicodeDomain } from '../smtp/domain.ts'
import { parseMailbox, splitAddress } from '../smtp/mailbox.ts'

/** What the sender may read. */
export interface Disclosure {
  readonly address: string
  /** Remote host name, or null. */
  readonly host: string | null
  readonly reply: string
}

const MASK = '[hidden]'
/** Characters of a reply in a DSN. Bounds the work of the patterns below. */
const LONGEST = 2000
/** Shorter names (`a`, `jo`) would mask parts of other words. */
const SHORTEST_NAME = 3
/** A line end of a reply, with the code and status of the next line. */
const LINE_END = String.raw`(?:\n\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3} )?)?`
/** Words of host names that do not identify a provider. */
const commonWords = new Set(
  'mail smtp mx relay server host gateway inbound incoming outbound email gate edge filter spam the and com net org edu'.split(
    ' ',
  ),
)

/** An apostrophe may be inside a local part (`o'neil`), not before it: there it is a quote. */
const address = /(?:"[^"]{0,64}"|[^\s<>()[\],;:"'][^\s<>()[\],;:"]{0,253})@[^\s<>()[\],;:"']+/gu
const url = /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S+/giu
const ipv4 = /(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)/g
/** A candidate, with the prefix of an address literal. */
const ipv6 = /(?:ipv6:)?(?:[0-9a-f]|::)[0-9a-f:.]*[0-9a-f](?![a-z])/gi
/** Compressed, or with more groups than a time of day. */
const ipv6Shape = /::|(?::[^:]*){6}/
/** A host or domain name: two or more labels, the last one of letters of any script. */
const domainName =
  /(?<![\p{L}\p{M}\p{N}_])(?:[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]{0,61}[\p{L}\p{M}\p{N}])?\.)+(?:xn--[a-z0-9-]+|\p{L}[\p{L}\p{M}]+)(?![\p{L}\p{M}\p{N}])/giu

/**
 * What the sender may read about this recipient.
 * @param together all recipients of the report: a server that refuses a message may name others in its reply
 */
export function disclose(recipient: NoticeRecipient, together: readonly NoticeRecipient[] = []): Disclosure {
  if (!recipient.private) {
    const addresses = privateAddresses(together)
    return { address: recipient.address, host: hostName(recipient.host), reply: hide(addresses, recipient.reply) }
  }
  return { address: disclosedAddress(recipient), host: null, reply: scrub(recipient) }
}

/**
 * The forward-path, or the address in ORCPT if a fleet node sent the destination as forward-path. An ORCPT of the sender never reveals
 * the destination.
 */
function disclosedAddress({ address: destination, original, parameters: { orcpt } }: NoticeRecipient): string {
  if (orcpt === null || original.toLowerCase() !== destination.toLowerCase()) return original
  return orcpt.slice(orcpt.indexOf(';') + 1).trim() || MASK
}

/** Trace fields, in which fleet nodes name the forward-path. The other fields are the sender's. */
const traceFields = new Set(['received', 'delivered-to'])

/** The returned header: trace fields of fleet nodes may name a private destination. */
export function discloseHeader(header: Buffer, together: readonly NoticeRecipient[]): Buffer {
  const addresses = privateAddresses(together)
  if (addresses.length === 0) return header
  return mapFields(header, ({ key, raw }) => {
    if (!traceFields.has(key)) return raw
    const text = raw.toString('utf8')
    const shown = hide(addresses, text)
    return shown === text ? raw : Buffer.from(shown, 'utf8')
  })
}

function privateAddresses(recipients: readonly NoticeRecipient[]): string[] {
  return recipients.filter((one) => one.private).map((one) => one.address)
}

/** The name in `name[ip]:port`; null for a unix socket or none. */
function hostName(host: string | null): string | null {
  if (host === null || host.startsWith('/')) return null
  return host.split('[')[0] || null
}

function scrub(recipient: NoticeRecipient): string {
  const { whole, words } = namesOf(recipient)
  // The whole destination first: the patterns may find only a part of it.
  const general = hide(whole, shortened(recipient.reply))
    .replace(url, MASK)
    .replace(address, MASK)
    .replace(ipv6, (text) => (ipv6Shape.test(text) ? MASK : text))
    .replace(ipv4, MASK)
    .replace(domainName, MASK)
  return hide(words, general).replace(/(?:\[hidden\]\W?){2,}/g, `${MASK} `)
}

/** Ends between two words: a part of a name would not be found, but would still identify it. */
function shortened(reply: string): string {
  const text = reply.normalize('NFC')
  return text.length <= LONGEST ? text : text.slice(0, LONGEST).replace(/\S+$/, '')
}

function hide(names: readonly string[], text: string): string {
  return names.reduce((left, name) => left.replace(wordPattern(name), MASK), text)
}

/** Everything that names the destination, longest first, so that a part does not hide a longer match. */
function namesOf({ address: destination, host, reversePath }: NoticeRecipient): { whole: string[]; words: string[] } {
  const { local: written, domain } = splitAddress(destination)
  const domains = [domain, ...(host === null ? [] : hostParts(host))]
  const hosts = domains.flatMap((name) => [name, unicodeDomain(name)])
  const parsed = parseMailbox(destination)
  const local = parsed.kind === 'mailbox' ? parsed.mailbox.local : written
  const dashed = hosts.filter((name) => isIPv4(name)).map((ip) => ip.replaceAll('.', '-'))
  const words = [written, local, local.split('+')[0] ?? '', ...hosts, ...dashed, ...hosts.flatMap(identifyingWords)]
  return { whole: longestFirst([destination, reversePath ?? '']), words: longestFirst(words) }
}

function longestFirst(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name.length >= SHORTEST_NAME).sort((a, b) => b.length - a.length)
}

/** Name and address of `name[ip]:port`. */
function hostParts(host: string): string[] {
  const match = /^(.*)\[(.*)\]:\d+$/.exec(host)
  return match ? [match[1] ?? '', match[2] ?? ''] : [host]
}

/** Labels of a name, and their parts, that identify it. */
function identifyingWords(name: string): string[] {
  return name
    .split(/[.\-_]/)
    .map((word) => word.replace(/\d+$/, ''))
    .filter((word) => word.length > SHORTEST_NAME && !commonWords.has(word.toLowerCase()))
}

/** Also matches a name that a line end splits. */
function wordPattern(name: string): RegExp {
  const letters = Array.from(name, (letter) => letter.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`(?<![\\p{L}\\p{N}])${letters.join(LINE_END)}(?![\\p{L}\\p{N}])`, 'giu')
}
