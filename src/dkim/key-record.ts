// The DNS record of a key (RFC 6376 3.6.1, RFC 8463 4): its name, its text, and the comparison with a published record.

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { DkimAlgorithm } from './key.ts'

/** RFC 1035 3.3: a character-string of a TXT record has at most 255 octets. */
const MAX_CHUNK = 255
/** The last 32 octets of the DER form are the raw ed25519 key (RFC 8410 4). */
const ED25519_OCTETS = 32

export interface KeyRecord {
  /** `selector._domainkey.domain` */
  readonly name: string
  /** The text in one piece. */
  readonly text: string
  /** The text in pieces of at most 255 octets, as the DNS holds it. */
  readonly chunks: readonly string[]
}

/** The record to publish for a key. */
export function keyRecord(key: {
  readonly domain: string
  readonly selector: string
  readonly algorithm: DkimAlgorithm
  readonly privateKey: KeyObject
}): KeyRecord {
  const der = createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' })
  const isRsa = key.algorithm === 'rsa-sha256'
  const material = isRsa ? der : der.subarray(-ED25519_OCTETS)
  const text = `v=DKIM1; k=${isRsa ? 'rsa' : 'ed25519'}; p=${material.toString('base64')}`
  const chunks: string[] = []
  for (let at = 0; at < text.length; at += MAX_CHUNK) chunks.push(text.slice(at, at + MAX_CHUNK))
  return { name: `${key.selector}._domainkey.${key.domain}`, text, chunks }
}

/** The record as a line of a zone file. */
export function zoneLine(record: KeyRecord): string {
  return `${record.name}. IN TXT ${record.chunks.map((chunk) => `"${chunk}"`).join(' ')}`
}

/** True if a published text carries the same key: white space and further tags may differ. */
export function sameKey(published: string, record: KeyRecord): boolean {
  const own = tagValues(record.text)
  const theirs = tagValues(published)
  // k= is rsa when absent (RFC 6376 3.6.1).
  return theirs.get('p') === own.get('p') && (theirs.get('k') ?? 'rsa') === own.get('k')
}

function tagValues(text: string): Map<string, string> {
  const tags = new Map<string, string>()
  for (const tag of text.split(';')) {
    const equals = tag.indexOf('=')
    if (equals > 0) tags.set(tag.slice(0, equals).trim(), tag.slice(equals + 1).replace(/\s+/g, ''))
  }
  return tags
}
