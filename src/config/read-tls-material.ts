// A certificate with its key and CA. Files that do not belong together are rejected. They are read again at every reload.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { readCertificate, readText } from './read-files.ts'
import type { SectionReader } from './section.ts'

export interface CertificatePair {
  /** PEM, with its chain. */
  readonly certificate: string
  /** PEM. */
  readonly key: string
  /** Unix milliseconds at which the certificate expires. */
  readonly expiresAt: number
}

export interface TlsMaterial extends CertificatePair {
  /** PEM. */
  readonly ca: string | null
  /** Certificates of the listeners for other names, or with another type of key. */
  readonly more?: readonly CertificatePair[]
  /** PEM of the authorities of users, which listeners name to clients; absent without them. */
  readonly clientCa?: string
}

export interface TlsFiles {
  readonly certificate: string
  readonly key: string
  readonly ca?: string | undefined
}

/** The contents of the files, or null after reporting. The reader is at the map with the keys `certificate`, `key`, `ca`. */
export function readTlsMaterial(files: TlsFiles, reader: SectionReader): TlsMaterial | null {
  const certificate = readCertificate(reader, ['certificate'], files.certificate)
  const key = readKey(files.key, reader)
  const ca = files.ca === undefined ? null : readCertificate(reader, ['ca'], files.ca)
  if (certificate === null || key === null || (files.ca !== undefined && ca === null)) return null
  const parsed = new X509Certificate(certificate)
  if (!parsed.checkPrivateKey(createPrivateKey(key))) {
    reader.report(
      ['key'],
      `found a key that does not belong to the certificate in ${files.certificate}, expected the key of that certificate`,
    )
    return null
  }
  const reason = rejectionOf({ certificate, key })
  if (reason === null) return { certificate, key, ca, expiresAt: Date.parse(parsed.validTo) }
  reader.report(
    ['certificate'],
    `found ${files.certificate}, which TLS rejects (${reason}), expected a certificate and its complete chain`,
  )
  return null
}

function readKey(file: string, reader: SectionReader): string | null {
  const text = readText(reader, { path: ['key'], file, expected: 'a PEM file', isSecret: true })
  if (text === null) return null
  try {
    createPrivateKey(text)
    return text
  } catch {
    reader.report(['key'], `found no readable private key in ${file}, expected PEM without a password`)
    return null
  }
}

/** Why TLS rejects them, such as a broken chain or a weak key. Null if TLS accepts them. */
function rejectionOf({ certificate, key }: { readonly certificate: string; readonly key: string }): string | null {
  try {
    createSecureContext({ cert: certificate, key })
    return null
  } catch (error) {
    return (error as Error).message
  }
}
