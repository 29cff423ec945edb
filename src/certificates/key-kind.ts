// Private keys of certificates.

import { createPublicKey, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'

export const keyKinds = ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048', 'rsa-4096'] as const
export type KeyKind = (typeof keyKinds)[number]

const generate = promisify(generateKeyPair)

/** A new key, PKCS8 PEM. */
export async function createKey(kind: KeyKind): Promise<string> {
  const [type, size = ''] = kind.split('-')
  const { privateKey } =
    type === 'rsa'
      ? await generate('rsa', { modulusLength: Number(size) })
      : await generate('ec', { namedCurve: size.replace('p', 'P-') })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The SubjectPublicKeyInfo of a private key or a certificate in PEM, DER. */
export function publicKeyInfo(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' })
}
