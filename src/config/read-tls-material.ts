// Certificate, key and CA as read from disk, refused unless they fit each other. Read again at every reload.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { NodeFile } from './node-schema.ts'
import type { Problem } from './problem.ts'
import type { YamlSource } from './yaml-source.ts'

export interface TlsMaterial {
  readonly certificate: string
  readonly key: string
  readonly ca: string | null
  /** Unix milliseconds at which the certificate ends. */
  readonly expiresAt: number
}

export type TlsLoad =
  | { readonly kind: 'ok'; readonly material: TlsMaterial }
  | { readonly kind: 'bad'; readonly problems: readonly Problem[] }

/** Where the files are named. */
export interface TlsPlace {
  readonly source: YamlSource
  readonly resolvePath: (path: string) => string
  /** Path of the map in the node's YAML that holds the keys. */
  readonly at: readonly string[]
}

/** Reads the files that `tls`, or another map with its keys, names; every problem is reported at its key in the node's YAML. */
export function loadTls(files: NonNullable<NodeFile['tls']>, { source, resolvePath, at }: TlsPlace): TlsLoad {
  const where = at.join('.')
  const problems: Problem[] = []
  const read = (key: 'certificate' | 'key' | 'ca', path: string): string => {
    try {
      return readFileSync(resolvePath(path), 'utf8')
    } catch (error) {
      problems.push(
        source.at(
          [...at, key],
          `${where}.${key}: found ${path}, which cannot be read (${(error as Error).message}), expected a PEM file`,
        ),
      )
      return ''
    }
  }
  const pem = {
    certificate: read('certificate', files.certificate),
    key: read('key', files.key),
    ca: files.ca ? read('ca', files.ca) : null,
  }
  if (problems.length > 0) return { kind: 'bad', problems }
  const certificate = attempt(() => new X509Certificate(pem.certificate))
  const key = attempt(() => createPrivateKey(pem.key))
  if (!certificate)
    problems.push(
      source.at(
        [...at, 'certificate'],
        `${where}.certificate: found no certificate in ${files.certificate}, expected PEM`,
      ),
    )
  if (!key)
    problems.push(
      source.at(
        [...at, 'key'],
        `${where}.key: found no readable private key in ${files.key}, expected PEM without a password`,
      ),
    )
  if (pem.ca !== null && !attempt(() => new X509Certificate(pem.ca as string)))
    problems.push(source.at([...at, 'ca'], `${where}.ca: found no certificate in ${files.ca}, expected PEM`))
  if (certificate && key && !certificate.checkPrivateKey(key as KeyObject))
    problems.push(
      source.at(
        [...at, 'key'],
        `${where}.key: found a key that does not belong to the certificate in ${files.certificate}, expected its own key`,
      ),
    )
  const objection = problems.length > 0 ? null : objectionOf(pem)
  if (objection !== null)
    problems.push(
      source.at(
        [...at, 'certificate'],
        `${where}.certificate: found ${files.certificate}, which TLS does not take (${objection}), expected a certificate and its whole chain`,
      ),
    )
  if (problems.length > 0 || !certificate) return { kind: 'bad', problems }
  return { kind: 'ok', material: { ...pem, expiresAt: Date.parse(certificate.validTo) } }
}

/** What TLS has against them: a broken chain, or a key that is too weak. Null if it takes them. */
function objectionOf({ certificate, key }: { readonly certificate: string; readonly key: string }): string | null {
  try {
    createSecureContext({ cert: certificate, key })
    return null
  } catch (error) {
    return (error as Error).message
  }
}

function attempt<T>(make: () => T): T | null {
  try {
    return make()
  } catch {
    return null
  }
}
