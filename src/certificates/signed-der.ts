// What a certificate request and a self-signed certificate have in common: names, extensions, a signature (RFC 5280, RFC 2986).

import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { bitString, implicit, octetString, oid, sequence, tlv } from '../x509/der.ts'

const NULL = tlv(0x05)
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const rsaWithSha256 = sequence(oid('1.2.840.113549.1.1.11'), NULL)

/** A sequence of the body, the algorithm and the signature. The body gets the algorithm too, where it repeats it. */
export function signedDer(keyPem: string, body: (algorithm: Buffer) => Buffer): Buffer {
  const key: KeyObject = createPrivateKey(keyPem)
  const algorithm = key.asymmetricKeyType === 'rsa' ? rsaWithSha256 : ecdsaWithSha256
  const whole = body(algorithm)
  return sequence(whole, algorithm, bitString(sign('sha256', whole, key)))
}

/** subjectAltName with DNS names (RFC 5280 4.2.1.6). */
export function alternativeNames(names: readonly string[]): Buffer {
  const list = sequence(...names.map((name) => implicit(2, Buffer.from(name, 'latin1'))))
  return sequence(oid('2.5.29.17'), octetString(list))
}

/** PEM with this label (RFC 7468). */
export function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
