// Which certificate in use stays in the place of a new one, and at which names of the DNS its key has to be.

import { X509Certificate } from 'node:crypto'
import { dnsNames } from './key-to-find.ts'
import { publicKeyInfo } from './key-kind.ts'
import { type SlotPair, fingerprintOf } from './kept-pairs.ts'
import { tlsaOwners } from './own-tlsa.ts'

/** Each is asked for at each port. A certificate of a public authority has at most 100 names. */
const MOST_NAMES = 100
const FIRST_SLOT = 'tls'

export interface DnsPlaces {
  readonly hostname: string
  /** Ports with TLSA records. */
  readonly ports: readonly number[]
}

/** The names under which clients reach a certificate: its own, and for the first one that of the node, which DANE does not compare. */
function namesOf(pair: SlotPair, all: readonly SlotPair[], hostname: string): readonly string[] {
  const own = dnsNames(pair.certificate)
  const hasHost = (one: SlotPair) =>
    new X509Certificate(one.certificate).checkHost(hostname, { subject: 'never' }) !== undefined
  // Another certificate for the name is chosen by it (SNI).
  const others = all.some((one) => one !== pair && hasHost(one))
  const host = hasHost(pair) || (pair.slot === FIRST_SLOT && !others) ? [hostname] : []
  return [...new Set([...host, ...own.filter((name) => !name.startsWith('*.'))])].slice(0, MOST_NAMES)
}

/** Names of TLSA records that have to allow the certificate. */
export function ownersOf(
  pair: SlotPair,
  { all, hostname, ports }: DnsPlaces & { readonly all: readonly SlotPair[] },
): readonly string[] {
  return tlsaOwners(namesOf(pair, all, hostname), ports)
}

export function sameKey(one: SlotPair, other: SlotPair): boolean {
  return publicKeyInfo(one.certificate).equals(publicKeyInfo(other.certificate))
}

/** The certificate in use that serves the same names; null if none does. The one with most in common comes first. */
export function standInFor(wanted: SlotPair, inUse: readonly SlotPair[], hostname: string): SlotPair | null {
  const names = new Set(namesOf(wanted, [wanted], hostname))
  const rank = (one: SlotPair) =>
    Number(fingerprintOf(one) === fingerprintOf(wanted)) * 8 +
    Number(sameKey(one, wanted)) * 4 +
    Number(keyType(one) === keyType(wanted)) * 2 +
    Number(one.slot === wanted.slot)
  const sharing = inUse.filter((one) => namesOf(one, [one], hostname).some((name) => names.has(name)))
  return sharing.toSorted((a, b) => rank(b) - rank(a))[0] ?? null
}

function keyType({ certificate }: SlotPair): string {
  return new X509Certificate(certificate).publicKey.asymmetricKeyType ?? 'unknown'
}
