// What one TLSA record means for SMTP (RFC 6698 section 2.1, RFC 7671 section 4, RFC 7672 section 3.1).

import { createPublicKey, X509Certificate } from 'node:crypto'
import type { RecordTypes } from '../../dns/resolver.ts'

export type TlsaRecord = RecordTypes['TLSA']

export const DANE_TA = 2
export const DANE_EE = 3
const WHOLE_CERTIFICATE = 0
export const PUBLIC_KEY = 1
/** Matching types (RFC 6698 section 2.1.3): the data itself, or its digest. */
export const FULL = 0
const SHA2_256 = 1
const SHA2_512 = 2

/** Hash and octets of the digests, by matching type. */
export const digests: ReadonlyMap<number, { readonly hash: 'sha256' | 'sha512'; readonly octets: number }> = new Map([
  [SHA2_256, { hash: 'sha256', octets: 32 }],
  [SHA2_512, { hash: 'sha512', octets: 64 }],
])

/** The records of a host whose certificate or public key has this SHA-256 digest, hexadecimal. */
export function sha256Records(digest: string): readonly TlsaRecord[] {
  const data = Buffer.from(digest, 'hex')
  return [WHOLE_CERTIFICATE, PUBLIC_KEY].map((selector) => ({
    usage: DANE_EE,
    selector,
    matchingType: SHA2_256,
    data,
  }))
}

/** Why a record cannot be used, or null if it can. Usages 0 and 1 name no certificate that SMTP could check (RFC 7672 section 3.1.3). */
function unusableReason(record: TlsaRecord): string | null {
  const { usage, selector, matchingType, data } = record
  if (usage !== DANE_TA && usage !== DANE_EE) return `usage ${usage} has no meaning for SMTP (RFC 7672 3.1.3)`
  if (selector !== WHOLE_CERTIFICATE && selector !== PUBLIC_KEY) return `selector ${selector} is not known`
  if (matchingType === FULL) return isWellFormed(record) ? null : 'the data are no certificate or public key'
  const digest = digests.get(matchingType)
  if (!digest) return `matching type ${matchingType} is not known`
  return data.length === digest.octets ? null : `the digest has ${data.length} octets instead of ${digest.octets}`
}

function isWellFormed({ selector, data }: TlsaRecord): boolean {
  try {
    if (selector === PUBLIC_KEY) createPublicKey({ key: data, format: 'der', type: 'spki' })
    else void new X509Certificate(data)
    return true
  } catch {
    return false
  }
}

/**
 * The records of a set that count (RFC 7671 sections 8 and 9, RFC 7672 section 5): usable ones, and of digests of one usage and selector only
 * the strongest, so that a broken hash function can be left behind by publishing a better one beside it.
 */
export function strongestRecords(records: readonly TlsaRecord[]): readonly TlsaRecord[] {
  const usable = records.filter((record) => unusableReason(record) === null)
  const strongest = new Map<string, number>()
  for (const { usage, selector, matchingType } of usable) {
    const group = `${usage} ${selector}`
    strongest.set(group, Math.max(strongest.get(group) ?? FULL, matchingType))
  }
  return usable.filter(
    ({ usage, selector, matchingType }) =>
      matchingType === FULL || matchingType === strongest.get(`${usage} ${selector}`),
  )
}

/** In the form of a zone file, such as `3 1 1 0123ab…`, in full. */
export function formatTlsa({ usage, selector, matchingType, data }: TlsaRecord): string {
  return `${usage} ${selector} ${matchingType} ${data.toString('hex')}`
}

const usages = ['PKIX-TA', 'PKIX-EE', 'DANE-TA', 'DANE-EE']
const selectors = ['certificate', 'public key']
const matchingTypes = ['in full', 'by SHA-256', 'by SHA-512']

/** What the record says, for people. */
export function explainTlsa(record: TlsaRecord): string {
  const { usage, selector, matchingType } = record
  const what =
    usage === DANE_EE ? 'of the host' : usage === DANE_TA ? 'of the CA, and the name and dates of the host' : ''
  const meaning = `${usages[usage] ?? 'unknown usage'}: ${selectors[selector] ?? 'unknown selector'} ${what} ${matchingTypes[matchingType] ?? ''}`
  const reason = unusableReason(record)
  return reason === null ? meaning.trim() : `unusable: ${reason}`
}
