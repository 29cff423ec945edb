// Whether the DNS allows a key: hosts that obey DANE refuse a key that no TLSA record names.

import { createHash } from 'node:crypto'
import type { RecordTypes, Resolver } from '../dns/resolver.ts'

export type KeyInDns =
  /** Every name that has TLSA records allows the key. `ttl`: seconds for which an older answer may still be in use. */
  | { readonly kind: 'shown'; readonly ttl: number }
  /** No name has TLSA records: every key may be used. The same `ttl`: records may have just been published. */
  | { readonly kind: 'none'; readonly ttl: number }
  /** These have, without the key. */
  | { readonly kind: 'missing'; readonly owners: readonly string[] }
  | { readonly kind: 'unavailable'; readonly cause: string }

/**
 * @param owners such as `_25._tcp.mx-01.example.org`
 * @param spki the public key, DER
 */
export async function findKeyInDns(
  owners: readonly string[],
  spki: Buffer,
  resolver: Pick<Resolver, 'resolve'>,
): Promise<KeyInDns> {
  const answers = await Promise.all(
    owners.map(async (owner) => ({ owner, answer: await resolver.resolve(owner, 'TLSA', { purpose: 'delivery' }) })),
  )
  // A name that cannot be asked may have records.
  for (const { owner, answer } of answers)
    if (answer.kind === 'unavailable') return { kind: 'unavailable', cause: `${owner}: ${answer.cause}` }
  const found = answers.flatMap(({ owner, answer }) => (answer.kind === 'found' ? [{ owner, ...answer }] : []))
  const ttl = Math.max(...answers.map(({ answer }) => ('ttl' in answer ? answer.ttl : 0)))
  if (found.length === 0) return { kind: 'none', ttl }
  const without = found.filter(({ records }) => !records.some((record) => allows(record, spki)))
  if (without.length > 0) return { kind: 'missing', owners: without.map(({ owner }) => owner) }
  return { kind: 'shown', ttl }
}

/** Usage 2 names an authority, which certifies the next key as well (RFC 7671 5.2). The digest of a whole certificate is not known yet. */
function allows({ usage, selector, matchingType, data }: RecordTypes['TLSA'], spki: Buffer): boolean {
  if (usage === 2) return true
  if (usage !== 3 || selector !== 1) return false
  if (matchingType === 0) return data.equals(spki)
  const hash = matchingType === 1 ? 'sha256' : matchingType === 2 ? 'sha512' : null
  return hash !== null && data.equals(createHash(hash).update(spki).digest())
}
