// An authority of openssl: certificates of users, and revocation lists.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface IssuedByOpenssl {
  /** PEM files. */
  readonly certificate: string
  readonly key: string
}

export interface OpensslAuthority {
  /** PEM file. */
  readonly certificate: string
  /** @param extensions lines such as `subjectAltName = email:kim@example.org` */
  issue(name: string, extensions: readonly string[], more?: readonly string[]): IssuedByOpenssl
  revoke(issued: IssuedByOpenssl): void
  /** The list, DER. @param more such as `-crlsec 1` */
  list(...more: string[]): Buffer
}

export type KeyKind = 'rsa' | 'ec' | 'ed25519'

const keyOptions: Readonly<Record<KeyKind, readonly string[]>> = {
  rsa: ['-newkey', 'rsa:2048'],
  ec: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  ed25519: ['-newkey', 'ed25519'],
}

/** Makes the authority in a new folder. */
export function createOpensslAuthority(folder: string, kind: KeyKind = 'ec'): OpensslAuthority {
  mkdirSync(folder)
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder })
  const section = [
    'database = index',
    'serial = serial',
    'new_certs_dir = .',
    'policy = any',
    'default_days = 30',
    'default_crl_days = 7',
    'unique_subject = no',
  ]
  const digest = kind === 'ed25519' ? 'default' : 'sha256'
  const config = [
    '[ca]',
    'default_ca = own',
    '[own]',
    ...section,
    `default_md = ${digest}`,
    '[any]',
    'commonName = supplied',
    '',
  ]
  writeFileSync(at('config'), config.join('\n'))
  writeFileSync(at('index'), '')
  writeFileSync(at('serial'), '01A0\n')
  const request = ['req', ...keyOptions[kind], '-nodes']
  openssl(
    ...request,
    '-x509',
    '-days',
    '60',
    '-subj',
    `/CN=People ${kind}`,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  )
  const ca = ['ca', '-batch', '-config', at('config'), '-cert', at('ca.pem'), '-keyfile', at('ca.key')]
  return {
    certificate: at('ca.pem'),
    issue: (name, extensions, more = []) => {
      const [key, csr, certificate, ext] = ['key', 'csr', 'pem', 'ext'].map((end) => at(`${name}.${end}`)) as [
        string,
        string,
        string,
        string,
      ]
      writeFileSync(ext, `${extensions.join('\n')}\n`)
      openssl(...request, '-subj', `/CN=${name}`, '-keyout', key, '-out', csr)
      openssl(...ca, '-in', csr, '-out', certificate, '-extfile', ext, '-notext', ...more)
      return { certificate, key }
    },
    revoke: ({ certificate }) => void openssl(...ca, '-revoke', certificate),
    list: (...more) => {
      openssl(...ca, '-gencrl', '-out', at('crl.pem'), ...more)
      openssl('crl', '-in', at('crl.pem'), '-outform', 'DER', '-out', at('crl.der'))
      return readFileSync(at('crl.der'))
    },
  }
}
