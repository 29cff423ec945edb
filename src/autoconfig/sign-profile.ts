// Signs a configuration profile, so that devices show it as verified: CMS SignedData with the content (RFC 5652 5), as DER.

import { createPrivateKey, type KeyObject, webcrypto, X509Certificate } from 'node:crypto'
import { type Integer, ObjectIdentifier, OctetString, UTCTime } from 'asn1js'
import {
  Attribute,
  Certificate,
  ContentInfo,
  EncapsulatedContentInfo,
  IssuerAndSerialNumber,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from 'pkijs'

const ID_DATA = '1.2.840.113549.1.7.1'
const ID_SIGNED_DATA = '1.2.840.113549.1.7.2'
/** RFC 5652 11.1 to 11.3. */
const attributeTypes = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
} as const
const HASH = 'SHA-256'
const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** Names of the curves in the Web Cryptography API, by those of OpenSSL. */
const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

export interface ProfileSigner {
  /** PEM: the certificate, then its chain. */
  readonly certificate: string
  readonly key: string
}

/** The signed profile. Throws if the key is neither RSA nor ECDSA with a curve of NIST. */
export async function signProfile(profile: string, { certificate, key }: ProfileSigner, now: Date): Promise<Buffer> {
  const chain = (certificate.match(pemBlock) ?? []).map((pem) => Certificate.fromBER(new X509Certificate(pem).raw))
  const [signer] = chain
  if (!signer) throw new Error('the certificate of the node is not PEM')
  const content = Buffer.from(profile)
  const digest = await webcrypto.subtle.digest(HASH, content)
  const signed = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({
      eContentType: ID_DATA,
      eContent: new OctetString({ valueHex: content }),
    }),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({ issuer: signer.issuer, serialNumber: signer.serialNumber as Integer }),
        signedAttrs: new SignedAndUnsignedAttributes({
          type: 0,
          attributes: [
            new Attribute({ type: attributeTypes.contentType, values: [new ObjectIdentifier({ value: ID_DATA })] }),
            new Attribute({ type: attributeTypes.signingTime, values: [new UTCTime({ valueDate: now })] }),
            new Attribute({ type: attributeTypes.messageDigest, values: [new OctetString({ valueHex: digest })] }),
          ],
        }),
      }),
    ],
    certificates: chain,
  })
  await signed.sign(await signingKey(createPrivateKey(key)), 0, HASH, content)
  const whole = new ContentInfo({ contentType: ID_SIGNED_DATA, content: signed.toSchema(true) })
  return Buffer.from(whole.toSchema().toBER())
}

function signingKey(key: KeyObject): Promise<CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' })
  return webcrypto.subtle.importKey('pkcs8', der, algorithmOf(key), false, ['sign'])
}

function algorithmOf(key: KeyObject) {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: HASH }
  const namedCurve = curves[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (namedCurve !== undefined) return { name: 'ECDSA', namedCurve }
  throw new Error(`a key of the type ${key.asymmetricKeyType} cannot sign a profile`)
}
