// Certificate revocation lists (RFC 5280 5): read from DER or PEM, and verified with the key of the authority that issued them.

import { verify, type X509Certificate } from 'node:crypto'
import {
  DerError,
  type Element,
  elementsIn,
  onlyElement,
  readOid,
  readSerials,
  readTime,
  TAG,
} from '../x509/der-reader.ts'

export interface RevocationList {
  /** Serial numbers in the form of `plainSerial`. */
  readonly revoked: ReadonlySet<string>
  /** Unix milliseconds. */
  readonly thisUpdate: number
  /** When a newer one is there at the latest; null if the list does not say it. */
  readonly nextUpdate: number | null
  /** SHA-256 of the certificate of the authority that issued it. */
  readonly authority: string
}

export type ReadList =
  | { readonly kind: 'read'; readonly list: RevocationList }
  | { readonly kind: 'bad'; readonly problem: string }

interface Parsed extends Omit<RevocationList, 'authority'> {
  readonly signed: Buffer
  readonly algorithm: string
  readonly signature: Buffer
}

const pem = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/
/** Digest by object identifier; null where the key decides (RFC 8410). RSASSA-PSS is not among them: no common authority signs lists with it. */
const digests: ReadonlyMap<string, string | null> = new Map([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.3.101.112', null],
  ['1.3.101.113', null],
])

/** Reads a list of one of the authorities. */
export function readRevocationList(octets: Buffer, authorities: readonly X509Certificate[]): ReadList {
  try {
    const parsed = parseList(derOf(octets))
    const digest = digests.get(parsed.algorithm)
    if (digest === undefined) return bad(`its signature algorithm ${parsed.algorithm} is not supported`)
    const issuer = authorities.find((one) => verify(digest, parsed.signed, one.publicKey, parsed.signature))
    if (!issuer) return bad('no authority of `ca` has signed it')
    const { revoked, thisUpdate, nextUpdate } = parsed
    return { kind: 'read', list: { revoked, thisUpdate, nextUpdate, authority: issuer.fingerprint256 } }
  } catch (error) {
    // Node.js throws for a key of another type than the signature.
    return bad(error instanceof DerError ? `it is no revocation list (${error.message})` : 'its signature is invalid')
  }
}

function derOf(octets: Buffer): Buffer {
  const text = pem.exec(
    octets.subarray(0, 64).toString('latin1').includes('-----BEGIN') ? octets.toString('latin1') : '',
  )
  return text ? Buffer.from(text[1] ?? '', 'base64') : octets
}

/** CertificateList and TBSCertList (RFC 5280 5.1). */
function parseList(der: Buffer): Parsed {
  const [signed, algorithm, signature, ...others] = elementsIn(onlyElement(der, TAG.sequence).content)
  if (!signed || !algorithm || others.length > 0 || signature?.tag !== TAG.bitString) throw new DerError('no list')
  const fields = [...elementsIn(signed.content)]
  if (fields[0]?.tag === TAG.integer) fields.shift()
  const [inner, , thisUpdate, next, ...rest] = fields
  if (!thisUpdate) throw new DerError('no time')
  // The outer one is not signed (RFC 5280 5.1.1.2).
  if (!inner?.whole.equals(algorithm.whole)) throw new DerError('two different algorithms')
  if (signature.content[0] !== 0) throw new DerError('a signature of incomplete octets')
  const hasNext = next?.tag === TAG.utcTime || next?.tag === TAG.generalizedTime
  const tail = hasNext || !next ? rest : [next, ...rest]
  const entries = tail.find(({ tag }) => tag === TAG.sequence)
  refuseCritical(tail.find(({ tag }) => tag === TAG.context0))
  const [oid] = elementsIn(algorithm.content)
  if (!oid) throw new DerError('no algorithm')
  return {
    revoked: entries ? readSerials(entries.content) : new Set(),
    thisUpdate: readTime(thisUpdate),
    nextUpdate: hasNext && next ? readTime(next) : null,
    signed: signed.whole,
    algorithm: readOid(oid),
    // The first octet counts unused bits.
    signature: signature.content.subarray(1),
  }
}

/** A list with a critical extension may be about a part of the certificates, or about changes only (RFC 5280 5.2.4, 5.2.5). */
function refuseCritical(extensions: Element | undefined): void {
  if (!extensions) return
  for (const extension of elementsIn(onlyElement(extensions.content, TAG.sequence).content)) {
    const [oid, critical] = elementsIn(extension.content)
    if (oid && critical?.tag === TAG.boolean && critical.content[0] !== 0)
      throw new DerError(`critical extension ${readOid(oid)}`)
  }
}

function bad(problem: string): ReadList {
  return { kind: 'bad', problem }
}
