// The parts of a certificate that Node does not show (RFC 5280 section 4.1): the public key in its own octets, and the extensions that limit
// what a CA may sign. Node can print a key again, but not always in the octets whose digest is published.

import { DerError, type Element, elementsIn, onlyElement, readOid, TAG } from './der-reader.ts'

export interface CertificateParts {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer
  /** By object identifier, such as `2.5.29.19`. */
  readonly extensions: ReadonlyMap<string, CertificateExtension>
}

export interface CertificateExtension {
  readonly isCritical: boolean
  /** The DER inside the OCTET STRING. */
  readonly value: Buffer
}

/** `[3]`, the extensions of a TBSCertificate. */
const EXTENSIONS = 0xa3
/** Elements of a TBSCertificate between the version and the public key: serial, algorithm, issuer, validity, subject. */
const BEFORE_KEY = 5

/** @param der a certificate that OpenSSL parsed @returns null if the structure is another one */
export function readCertificateParts(der: Buffer): CertificateParts | null {
  try {
    const [certificate] = elementsIn(der)
    const [body] = certificate?.tag === TAG.sequence ? elementsIn(certificate.content) : []
    if (body?.tag !== TAG.sequence) return null
    const all = [...elementsIn(body.content)]
    const fields = all[0]?.tag === TAG.context0 ? all.slice(1) : all
    const key = fields[BEFORE_KEY]
    if (key?.tag !== TAG.sequence) return null
    return { publicKey: key.whole, extensions: readExtensions(fields.find(({ tag }) => tag === EXTENSIONS)) }
  } catch (error) {
    if (error instanceof DerError) return null
    throw error
  }
}

function readExtensions(wrapped: Element | undefined): ReadonlyMap<string, CertificateExtension> {
  const [list] = wrapped ? elementsIn(wrapped.content) : []
  const extensions = new Map<string, CertificateExtension>()
  for (const { content } of list ? elementsIn(list.content) : []) {
    const [id, ...rest] = elementsIn(content)
    const value = rest.at(-1)
    if (!id || !value) throw new DerError('no extension')
    const isCritical = rest[0]?.tag === TAG.boolean && rest[0].content[0] !== 0
    extensions.set(readOid(id), { isCritical, value: value.content })
  }
  return extensions
}

/** pathLenConstraint of basic constraints (RFC 5280 section 4.2.1.9); null for none, `damaged` for other octets. */
export function pathLength({ value }: CertificateExtension): number | null | 'damaged' {
  try {
    const { content } = onlyElement(value, TAG.sequence)
    const limit = [...elementsIn(content)].find(({ tag }) => tag === TAG.integer)
    if (!limit) return null
    // A longer number is no limit that a chain could reach, and no authority writes one.
    return limit.content.length > 0 && limit.content.length <= 4
      ? limit.content.readUIntBE(0, limit.content.length)
      : 'damaged'
  } catch (error) {
    if (error instanceof DerError) return 'damaged'
    throw error
  }
}
