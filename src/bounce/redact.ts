// What a sender may learn about a recipient. A private recipient (a forward to somebody's address elsewhere) is named by the address
// that the sender used; the destination's address, host and IP are taken out of what the remote server said. The ledger keeps all.

import { isIPv4 } from 'node:net'
import { mapFields } from '../message/header.ts'
import type { NoticeRecipient } from '../queue/contract/queue.ts'
import { unicodeDomain } from '../smtp/domain.ts'
import { parseMailbox, splitAddress } from '../smtp/mailbox.ts'

/** What may be said. */
export interface Disclosure {
  readonly address: string
  /** Remote host name, or null. */
  readonly host: string | null
  readonly reply: string
}

const MASK = '[hidden]'
/** Characters of a reply that a sender gets to read: more is no explanation, and bounds the work of the patterns below. */
const LONGEST = 2000
/** Shorter names (`a`, `jo`) would tear holes into every other word. */
const SHORTEST_NAME = 3
/** The end of a line of a reply, with the code and status that begin the next one. */
const LINE_END = String.raw`(?:\n\d{3}[ -](?:\d\.\d{1,3}\.\d{1,3} )?)?`
/** Words of host names that tell nothing about whose host it is. */
const commonWords = new Set(
  'mail smtp mx relay server host gateway inbound incoming outbound email gate edge filter spam the and com net org edu'.split(
    ' ',
  ),
)

/** An apostrophe may stand inside a local part (`o'neil`), not before it: there it quotes. */
const address = /(?:"[^"]{0,64}"|[^\s<>()[\],;:"'][^\s<>()[\],;:"]{0,253})@[^\s<>()[\],;:"']+/gu
const url = /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S+/giu
const ipv4 = /(?<!\d)\d{1,3}(?:\.\d{1,3}){3}(?!\d)/g
/** What may be one, with the prefix of an address literal. */
const ipv6 = /(?:ipv6:)?(?:[0-9a-f]|::)[0-9a-f:.]*[0-9a-f](?![a-z])/gi
/** Compressed, or so many groups as no time of day has. */
const ipv6Shape = /::|(?::[^:]*){6}/
/** Two labels and more, the last one of letters, whatever their script: a host or domain name. */
const domainName =
  /(?<![\p{L}\p{M}\p{N}_])(?:[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]{0,61}[\p{L}\p{M}\p{N}])?\.)+(?:xn--[a-z0-9-]+|\p{L}[\p{L}\p{M}]+)(?![\p{L}\p{M}\p{N}])/giu

/**
 * What the sender of the mail may read about this recipient.
 * @param together all that the report is about: a server that refuses a message says one thing of all its recipients
 */
export function disclose(recipient: NoticeRecipient, together: readonly NoticeRecipient[] = []): Disclosure {
  if (!recipient.private) {
    const secrets = secretsOf(together)
    return { address: recipient.address, host: hostName(recipient.host), reply: hide(secrets, recipient.reply) }
  }
  return { address: nameToSay(recipient), host: null, reply: scrub(recipient) }
}

/**
 * The forward-path; where a node of ours gave the destination itself as that, what it says in ORCPT. Nothing that a sender puts into
 * ORCPT brings the destination back.
 */
function nameToSay({ address: destination, original, parameters: { orcpt } }: NoticeRecipient): string {
  if (orcpt === null || original.toLowerCase() !== destination.toLowerCase()) return original
  return orcpt.slice(orcpt.indexOf(';') + 1).trim() || MASK
}

/** Fields of the way so far, in which our nodes name the forward-path; the rest of a header is its sender's. */
const traceFields = new Set(['received', 'delivered-to'])

/** The header that a sender gets back: where a node of ours gave a destination as forward-path, its trace names it. */
export function discloseHeader(header: Buffer, together: readonly NoticeRecipient[]): Buffer {
  const secrets = secretsOf(together)
  if (secrets.length === 0) return header
  return mapFields(header, ({ key, raw }) => {
    if (!traceFields.has(key)) return raw
    const text = raw.toString('utf8')
    const shown = hide(secrets, text)
    return shown === text ? raw : Buffer.from(shown, 'utf8')
  })
}

function secretsOf(recipients: readonly NoticeRecipient[]): string[] {
  return recipients.filter((one) => one.private).map((one) => one.address)
}

/** The name in `name[ip]:port`; null for a unix socket or none. */
function hostName(host: string | null): string | null {
  if (host === null || host.startsWith('/')) return null
  return host.split('[')[0] || null
}

function scrub(recipient: NoticeRecipient): string {
  const { whole, words } = namesOf(recipient)
  // The whole destination first: what the patterns take for an address may be less of it.
  const general = hide(whole, shortened(recipient.reply))
    .replace(url, MASK)
    .replace(address, MASK)
    .replace(ipv6, (text) => (ipv6Shape.test(text) ? MASK : text))
    .replace(ipv4, MASK)
    .replace(domainName, MASK)
  return hide(words, general).replace(/(?:\[hidden\]\W?){2,}/g, `${MASK} `)
}

/** Ends between two words: half a name is no longer found, and yet tells. */
function shortened(reply: string): string {
  const text = reply.normalize('NFC')
  return text.length <= LONGEST ? text : text.slice(0, LONGEST).replace(/\S+$/, '')
}

function hide(names: readonly string[], text: string): string {
  return names.reduce((left, name) => left.replace(wordPattern(name), MASK), text)
}

/** Everything that would name the destination: longest first, so that a part does not spoil the whole. */
function namesOf({ address: destination, host, reversePath }: NoticeRecipient): { whole: string[]; words: string[] } {
  const { local: written, domain } = splitAddress(destination)
  const domains = [domain, ...(host === null ? [] : hostParts(host))]
  const hosts = domains.flatMap((name) => [name, unicodeDomain(name)])
  const parsed = parseMailbox(destination)
  const local = parsed.kind === 'mailbox' ? parsed.mailbox.local : written
  const dashed = hosts.filter((name) => isIPv4(name)).map((ip) => ip.replaceAll('.', '-'))
  const words = [written, local, local.split('+')[0] ?? '', ...hosts, ...dashed, ...hosts.flatMap(telling)]
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

/** Labels of a name, and their parts, that tell whose it is. */
function telling(name: string): string[] {
  return name
    .split(/[.\-_]/)
    .map((word) => word.replace(/\d+$/, ''))
    .filter((word) => word.length > SHORTEST_NAME && !commonWords.has(word.toLowerCase()))
}

/** Also where the server began a new line inside the name. */
function wordPattern(name: string): RegExp {
  const letters = Array.from(name, (letter) => letter.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`(?<![\\p{L}\\p{N}])${letters.join(LINE_END)}(?![\\p{L}\\p{N}])`, 'giu')
}
