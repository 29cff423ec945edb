// The parts of a certificate that Node does not show (RFC 5280 section 4.1): the public key in its own octets, and the extensions that limit
// what a CA may sign. Node can print a key again, but not always in the octets whose digest is published.

export interface CertificateParts {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer
  readonly extensions: ReadonlyMap<string, CertificateExtension>
}

export interface CertificateExtension {
  readonly isCritical: boolean
  /** The DER inside the OCTET STRING. */
  readonly value: Buffer
}

/** One DER element (X.690 8.1). */
export interface Element {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

const SEQUENCE = 0x30
const BOOLEAN = 0x01
const OID = 0x06
/** `[0]` version and `[3]` extensions of a TBSCertificate. */
const VERSION = 0xa0
const EXTENSIONS = 0xa3
/** Elements of a TBSCertificate between the version and the public key: serial, algorithm, issuer, validity, subject. */
const BEFORE_KEY = 5

/** @param der a certificate that OpenSSL parsed @returns null if the structure is another one */
export function readCertificateParts(der: Buffer): CertificateParts | null {
  const [certificate] = readElements(der)
  const [body] = certificate ? readElements(certificate.content) : []
  if (certificate?.tag !== SEQUENCE || body?.tag !== SEQUENCE) return null
  const all = readElements(body.content)
  const fields = all[0]?.tag === VERSION ? all.slice(1) : all
  const key = fields[BEFORE_KEY]
  if (!key || key.tag !== SEQUENCE) return null
  const wrapped = fields.find(({ tag }) => tag === EXTENSIONS)
  return { publicKey: key.whole, extensions: readExtensionList(wrapped) }
}

function readExtensionList(wrapped: Element | undefined): ReadonlyMap<string, CertificateExtension> {
  const [list] = wrapped ? readElements(wrapped.content) : []
  const extensions = new Map<string, CertificateExtension>()
  for (const { content } of list ? readElements(list.content) : []) {
    const [id, ...rest] = readElements(content)
    const value = rest.at(-1)
    if (id?.tag !== OID || !value) continue
    const isCritical = rest[0]?.tag === BOOLEAN && rest[0].content[0] !== 0
    extensions.set(id.content.toString('hex'), { isCritical, value: value.content })
  }
  return extensions
}

/** The elements of a DER sequence; it ends at the first one that is cut off. */
export function readElements(der: Buffer): Element[] {
  const elements: Element[] = []
  for (let at = 0; at + 2 <= der.length; ) {
    const first = der[at + 1] as number
    // Up to four octets of length: a certificate of TLS has at most 16 MiB (RFC 8446 section 4.4.2).
    const more = first < 0x80 ? 0 : first & 0x7f
    if (more > 4 || at + 2 + more > der.length) break
    const length = more === 0 ? first : der.readUIntBE(at + 2, more)
    const start = at + 2 + more
    if (start + length > der.length) break
    elements.push({
      tag: der[at] as number,
      content: der.subarray(start, start + length),
      whole: der.subarray(at, start + length),
    })
    at = start + length
  }
  return elements
}
