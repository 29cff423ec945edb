// Reads a certificate authority from its two PEM texts.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { fromBER, OctetString } from 'asn1js'
import { Certificate, NameConstraints } from 'pkijs'
import type { Signer } from './certify.ts'
import type { Issued } from './private-authority.ts'

const SUBJECT_KEY_ID = '2.5.29.14'
const NAME_CONSTRAINTS = '2.5.29.30'
/** RFC 5280 4.2.1.6: the tag of dNSName. */
const DNS_NAME = 2

/** Throws if the texts are not a certificate with its ECDSA key. */
export function readSigner({ certificate, key }: Issued): Signer {
  const parsed = new X509Certificate(certificate)
  const privateKey = createPrivateKey(key)
  if (!parsed.checkPrivateKey(privateKey)) throw new Error('the key does not belong to the certificate')
  if (!parsed.ca) throw new Error('the certificate is not that of an authority')
  if (privateKey.asymmetricKeyType !== 'ec')
    throw new Error(`found a key of type ${privateKey.asymmetricKeyType}, expected ECDSA`)
  const { subject, extensions } = Certificate.fromBER(new Uint8Array(parsed.raw))
  const found = extensions?.find(({ extnID }) => extnID === SUBJECT_KEY_ID)
  const inner = found && fromBER(found.extnValue.getValue()).result
  return {
    // The octets as they are: a name that is written again can differ from the one that other programs compare.
    name: Buffer.from(subject.valueBeforeDecode),
    key: privateKey,
    keyId: inner instanceof OctetString ? Buffer.from(inner.getValue()) : null,
  }
}

/** The domains whose names an authority may certify (RFC 5280 4.2.1.10); empty if its certificate does not limit them. */
export function permittedDomains(certificate: string): readonly string[] {
  const { extensions } = Certificate.fromBER(new Uint8Array(new X509Certificate(certificate).raw))
  const limits = extensions?.find(({ extnID }) => extnID === NAME_CONSTRAINTS)?.parsedValue
  if (!(limits instanceof NameConstraints)) return []
  return (limits.permittedSubtrees ?? []).flatMap(({ base }) => (base.type === DNS_NAME ? [String(base.value)] : []))
}
