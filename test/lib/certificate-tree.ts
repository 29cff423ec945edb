// Certificates of any shape, made by openssl: CAs below CAs, with the extensions that a test needs.

import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TreeCertificate {
  readonly name: string
  readonly pem: string
  /** PEM. */
  readonly key: string
  readonly der: Buffer
  /** SubjectPublicKeyInfo, DER, as openssl prints it. */
  readonly publicKey: Buffer
}

export interface CertificateTree {
  /** A CA; a root without `issuer`. @param extensions lines such as `nameConstraints = permitted;DNS:example` */
  authority(name: string, issuer?: TreeCertificate, extensions?: readonly string[]): TreeCertificate
  /** The certificate of a host with these names. */
  host(names: readonly string[], issuer?: TreeCertificate, extensions?: readonly string[]): TreeCertificate
  close(): void
}

export function createCertificateTree(): CertificateTree {
  const folder = mkdtempSync(join(tmpdir(), 'waypost-tree-'))
  let count = 0
  const make = (name: string, issuer: TreeCertificate | undefined, extensions: readonly string[]) => {
    const at = (end: string) => join(folder, `${count}.${end}`)
    count++
    const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('key'))
    openssl('req', '-new', '-key', at('key'), '-subj', `/CN=${name}`, '-out', at('csr'))
    writeFileSync(at('ext'), `${extensions.join('\n')}\n`)
    if (issuer) {
      writeFileSync(at('ca.pem'), issuer.pem)
      writeFileSync(at('ca.key'), issuer.key)
    }
    const by = issuer ? ['-CA', at('ca.pem'), '-CAkey', at('ca.key')] : ['-signkey', at('key')]
    openssl(
      'x509',
      '-req',
      '-in',
      at('csr'),
      '-out',
      at('pem'),
      '-extfile',
      at('ext'),
      '-days',
      '30',
      '-set_serial',
      String(count),
      ...by,
    )
    const pem = readFileSync(at('pem'), 'utf8')
    return {
      name,
      pem,
      key: readFileSync(at('key'), 'utf8'),
      der: new X509Certificate(pem).raw,
      publicKey: openssl('pkey', '-in', at('key'), '-pubout', '-outform', 'DER'),
    }
  }
  return {
    authority: (name, issuer, extensions = []) =>
      make(name, issuer, [
        ...(extensions.some((line) => line.startsWith('basicConstraints'))
          ? []
          : ['basicConstraints = critical,CA:TRUE']),
        'keyUsage = critical,keyCertSign',
        ...extensions,
      ]),
    host: (names, issuer, extensions = []) =>
      make(names[0] ?? 'host', issuer, [
        `subjectAltName = ${names.map((name) => `DNS:${name}`).join(',')}`,
        ...extensions,
      ]),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
