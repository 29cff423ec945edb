// The file of a certificate that the node gets by itself: the private key, then the certificate and its chain. One file, because two could
// not be replaced at the same time, and a node that is killed between would not start again.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

export interface KeyAndChain {
  /** PEM. */
  readonly key: string
  /** PEM: the certificate, then its chain. */
  readonly certificate: string
}

const keyBlock = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----\n?/
const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** The parts of such a file, or why they cannot be used. */
export function readCertificateFile(text: string): KeyAndChain | string {
  const key = keyBlock.exec(text)?.[0]
  const chain = text.match(certificateBlock) ?? []
  if (key === undefined || chain.length === 0) return 'found no private key with a certificate'
  const pair = { key, certificate: `${chain.join('\n')}\n` }
  return rejectionOf(pair) ?? pair
}

export function printCertificateFile({ key, certificate }: KeyAndChain): string {
  return `${key.trim()}\n${certificate.trim()}\n`
}

/** Why TLS cannot use them together; null if it can. */
export function rejectionOf({ key, certificate }: KeyAndChain): string | null {
  try {
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      return 'the private key does not belong to the certificate'
    createSecureContext({ cert: certificate, key })
    return null
  } catch (error) {
    return `TLS rejects them (${(error as Error).message})`
  }
}
