// What a sender may learn about a recipient. A private recipient (a forward to somebody's address elsewhere) is named by the address
// that the sender used; the destination's address, host and IP are taken out of what the remote server said. The ledger keeps all.

import { isIPv6 } from 'node:net'
import type { NoticeRecipient } from '../queue/queue.ts'
import { domainOf } from '../smtp/mailbox.ts'

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
/** Words of host names that tell nothing about whose host it is. */
const commonWords = new Set(
  'mail smtp mx relay server host gateway inbound incoming outbound email gate edge filter spam the and com net org edu'.split(
    ' ',
  ),
)

const address = /(?:"[^"]{0,64}"|[^\s<>()[\],;:"']{1,254})@[^\s<>()[\],;:"']+/gu
const url = /\b[a-z][a-z0-9+.-]{1,20}:\/\/\S+/giu
const ipv4 = /\b\d{1,3}(?:\.\d{1,3}){3}\b/g
/** What may be one; node:net decides, so that a time of day stays. */
const ipv6 = /[0-9a-f:.]{0,45}:[0-9a-f:.]{0,45}:[0-9a-f.]{0,45}/gi
/** Two labels and more, the last one of letters: a host or domain name. */
const domainName = /\b(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}])?\.)+(?:xn--[a-z0-9-]+|\p{L}{2,})\b/giu

/** What the sender of the mail may read about this recipient. `fromPeer`: the mail came from a node of ours. */
export function disclose(recipient: NoticeRecipient, fromPeer = false): Disclosure {
  if (!recipient.private) {
    return { address: recipient.address, host: hostName(recipient.host), reply: recipient.reply }
  }
  return { address: usedBySender(recipient, fromPeer), host: null, reply: scrub(recipient) }
}

/**
 * The address that the sender used. A node of ours that resolved a part of the way says it in ORCPT, as the forward-path that it gave
 * may be the destination itself. Nothing that a sender puts into ORCPT brings that one back.
 */
function usedBySender({ original, parameters: { orcpt } }: NoticeRecipient, fromPeer: boolean): string {
  return !fromPeer || orcpt === null ? original : orcpt.slice(orcpt.indexOf(';') + 1).trim() || MASK
}

/** The name in `name[ip]:port`; null for a unix socket or none. */
function hostName(host: string | null): string | null {
  if (host === null || host.startsWith('/')) return null
  return host.split('[')[0] || null
}

function scrub(recipient: NoticeRecipient): string {
  const named = namesOf(recipient)
  const general = recipient.reply
    .slice(0, LONGEST)
    .replace(url, MASK)
    .replace(address, MASK)
    .replace(ipv4, MASK)
    .replace(ipv6, (text) => (isIPv6(text.replace(/\.$/, '')) ? MASK : text))
    .replace(domainName, MASK)
  return named
    .reduce((text, name) => text.replace(wordPattern(name), MASK), general)
    .replace(/(?:\[hidden\]\W?){2,}/g, `${MASK} `)
}

/** Everything that would name the destination: longest first, so that a part does not spoil the whole. */
function namesOf(recipient: NoticeRecipient): string[] {
  const { address: destination, host, reversePath } = recipient
  const hosts = [domainOf(destination), ...(host === null ? [] : hostParts(host))]
  const local = destination.slice(0, destination.lastIndexOf('@'))
  const names = [destination, local, local.split('+')[0] ?? '', reversePath ?? '', ...hosts, ...hosts.flatMap(telling)]
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

function wordPattern(name: string): RegExp {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'giu')
}
