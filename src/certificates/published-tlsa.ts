// Whether the DNS allows a key or a certificate: hosts that obey DANE refuse one that no TLSA record names.

import { createHash } from 'node:crypto'
import type { DnsAnswer, RecordTypes, Resolver } from '../dns/resolver.ts'
import type { KeyToFind } from './key-to-find.ts'

type Tlsa = RecordTypes['TLSA']

export type KeyInDns =
  /** Every name that has TLSA records allows the key. `ttl`: seconds for which an older answer may still be in use. */
  | { readonly kind: 'shown'; readonly ttl: number }
  /** No name has TLSA records: every key may be used. The same `ttl`: records may have just been published. */
  | { readonly kind: 'none'; readonly ttl: number }
  /** These names have, without the key; with several resolvers each with the one that says so. The same `ttl`. */
  | { readonly kind: 'missing'; readonly places: readonly string[]; readonly ttl: number }
  | { readonly kind: 'unavailable'; readonly cause: string }

export interface NamedResolver {
  /** Address for people. */
  readonly label: string
  readonly resolver: Pick<Resolver, 'resolve'>
}

export interface TlsaWitnesses {
  /** All are asked. Hosts elsewhere see what one of ours may not see yet. */
  readonly resolvers: readonly NamedResolver[]
  /**
   * True: records without DNSSEC count too, because the resolvers are not known to validate. Other hosts may validate them. False: they do
   * not count, because no host obeys them (RFC 7672 2.2).
   */
  readonly countsInsecure: boolean
}

/** @param owners such as `_25._tcp.mx-01.example.org` */
export async function findKeyInDns(
  owners: readonly string[],
  key: KeyToFind,
  { resolvers, countsInsecure }: TlsaWitnesses,
): Promise<KeyInDns> {
  const seen = await Promise.all(
    owners.map(async (owner) => {
      const answers = await Promise.all(
        resolvers.map(async ({ label, resolver }) => ({
          place: resolvers.length === 1 ? owner : `${owner} at ${label}`,
          answer: await resolver.resolve(owner, 'TLSA', { purpose: 'delivery' }),
        })),
      )
      return judge(owner, answers, { key, countsInsecure })
    }),
  )
  const ttl = Math.max(0, ...seen.map((one) => ('ttl' in one ? one.ttl : 0)))
  const places = seen.flatMap((one) => (one.kind === 'missing' ? one.places : []))
  if (places.length > 0) return { kind: 'missing', places, ttl }
  const down = seen.find((one) => one.kind === 'unavailable')
  if (down) return down
  return { kind: seen.some(({ kind }) => kind === 'shown') ? 'shown' : 'none', ttl }
}

interface Answered {
  readonly place: string
  readonly answer: DnsAnswer<Tlsa>
}

/** One name at all resolvers. */
function judge(
  owner: string,
  answers: readonly Answered[],
  { key, countsInsecure }: { readonly key: KeyToFind; readonly countsInsecure: boolean },
): KeyInDns {
  const ttl = Math.max(0, ...answers.map(({ answer }) => ('ttl' in answer ? answer.ttl : 0)))
  const records = answers.flatMap(({ place, answer }) =>
    answer.kind === 'found' && (answer.authentic || countsInsecure) ? [{ place, records: answer.records }] : [],
  )
  const without = records.filter((one) => !allows(one.records, key, owner))
  if (without.length > 0) return { kind: 'missing', places: without.map(({ place }) => place), ttl }
  const down = answers.flatMap(({ place, answer }) => (answer.kind === 'unavailable' ? [{ place, answer }] : []))
  // A resolver that does not answer may have older records. If another one says that there are none, its silence changes nothing.
  if (down[0] && (records.length > 0 || down.length === answers.length))
    return { kind: 'unavailable', cause: `${down[0].place}: ${down[0].answer.cause}` }
  return { kind: records.length > 0 ? 'shown' : 'none', ttl }
}

const digests: Readonly<Record<number, 'sha256' | 'sha512'>> = { 1: 'sha256', 2: 'sha512' }

/** RFC 7672 3.1: usages 2 and 3. Others never fit in SMTP. */
function allows(records: readonly Tlsa[], key: KeyToFind, owner: string): boolean {
  return strongest(records).some((record) => {
    if (record.usage === 3) return fits(record, key.certificate, key.spki)
    if (record.usage !== 2) return false
    // An authority certifies the next key as well (RFC 7671 5.2), and then its names count.
    if (key.authorities === null) return true
    return hasName(key, owner) && key.authorities.some(({ certificate, spki }) => fits(record, certificate, spki))
  })
}

/** RFC 7671 9: of records with the same usage and selector only those with the strongest known digest count, and whole data. */
function strongest(records: readonly Tlsa[]): readonly Tlsa[] {
  return records.filter(
    (one) =>
      one.matchingType !== 1 ||
      !records.some(
        (other) => other.usage === one.usage && other.selector === one.selector && other.matchingType === 2,
      ),
  )
}

/** @param certificate null if it does not exist yet: no digest of it is known */
function fits({ selector, matchingType, data }: Tlsa, certificate: Buffer | null, spki: Buffer): boolean {
  const selected = selector === 1 ? spki : selector === 0 ? certificate : null
  if (selected === null) return false
  if (matchingType === 0) return data.equals(selected)
  const digest = digests[matchingType]
  return digest !== undefined && data.equals(createHash(digest).update(selected).digest())
}

/** The base domain of the record has to be in the certificate (RFC 7672 3.2.3). */
function hasName({ names }: KeyToFind, owner: string): boolean {
  const base = owner.split('.').slice(2).join('.')
  return names.includes(base) || names.includes(`*.${base.split('.').slice(1).join('.')}`)
}
