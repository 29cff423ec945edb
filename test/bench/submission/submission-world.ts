// What all mail servers of the benchmark `submission` share: users with their passwords, a TLS certificate and DKIM keys, as files.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeShaCrypt } from '../../../src/auth/sha-crypt.ts'
import { createAuthority } from '../../../src/demo/ca.ts'

export const OWN_DOMAIN = 'own.example'
export const HOSTNAME = 'bench.relay.example'

export type KeyName = 'rsa' | 'ed'

export interface BenchUser {
  readonly name: string
  readonly password: string
}

export interface SigningKey {
  readonly selector: KeyName
  readonly file: string
  /** The file in the form of rspamd, which has Ed25519 keys as seed and public key in base64. */
  readonly rspamdFile: string
  /** The TXT record at `<selector>._domainkey.<domain>`. */
  readonly record: string
}

export interface SubmissionWorld {
  /** Others may read it: the mail servers have their own users. */
  readonly folder: string
  readonly users: readonly BenchUser[]
  /** A passwd-file in the format of Dovecot, with SHA512-CRYPT. */
  readonly passwd: string
  readonly certificate: string
  readonly key: string
  readonly signing: Readonly<Record<KeyName, SigningKey>>
}

/** Fewer than the logins that a node checks at the same time for one client. */
const USERS = 25
const RSA_BITS = 2048

/** @param folder an empty one */
export function makeWorld(folder: string): SubmissionWorld {
  chmodSync(folder, 0o755)
  const users = Array.from({ length: USERS }, (_, index) => ({
    name: `user${index + 1}`,
    password: `pass phrase of user ${index + 1}`,
  }))
  const at = (name: string): string => join(folder, name)
  const lines = users.map(
    ({ name, password }, index) => `${name}:{SHA512-CRYPT}${writeShaCrypt('6', password, `saltsaltsalt${index}`)}\n`,
  )
  writeFileSync(at('passwd'), lines.join(''), { mode: 0o644 })
  const issued = createAuthority('Benchmark CA').issue({ names: [HOSTNAME] })
  writeFileSync(at('tls.pem'), issued.certificate)
  writeFileSync(at('tls.key'), issued.key, { mode: 0o600 })
  const rsa = generateKeyPairSync('rsa', { modulusLength: RSA_BITS })
  const ed = generateKeyPairSync('ed25519')
  const spki = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const raw = Buffer.from(ed.publicKey.export({ format: 'jwk' }).x as string, 'base64url').toString('base64')
  const write = (selector: KeyName, privateKey: KeyObject, record: string): SigningKey => {
    const file = at(`${selector}.pem`)
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o644 })
    if (selector === 'rsa') return { selector, file, rspamdFile: file, record }
    const { d = '', x = '' } = privateKey.export({ format: 'jwk' })
    const octets = Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')])
    writeFileSync(at('ed.key'), octets.toString('base64'), { mode: 0o644 })
    return { selector, file, rspamdFile: at('ed.key'), record }
  }
  return {
    folder,
    users,
    passwd: at('passwd'),
    certificate: at('tls.pem'),
    key: at('tls.key'),
    signing: {
      rsa: write('rsa', rsa.privateKey, `v=DKIM1; k=rsa; p=${spki}`),
      ed: write('ed', ed.privateKey, `v=DKIM1; k=ed25519; p=${raw}`),
    },
  }
}
